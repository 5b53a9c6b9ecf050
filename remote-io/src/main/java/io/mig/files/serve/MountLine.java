package io.mig.files.serve;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A mount of this machine as the kernel lists it. Source: proc_pid_mountinfo(5).
 *
 * @param device major and minor number, with a colon
 * @param options of its file system, not of the mount
 */
@SuppressWarnings("ArrayRecordComponent")
record MountLine(String device, byte[] path, String type, String options) {
    private static final Logger LOG = LoggerFactory.getLogger(MountLine.class);
    private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");

    static List<MountLine> all() {
        List<MountLine> lines = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(MOUNTINFO, StandardCharsets.ISO_8859_1)) {
                String[] fields = line.split(" ", -1);
                int dash = List.of(fields).indexOf("-");
                if (fields.length > 5 && dash > 0 && dash + 1 < fields.length) {
                    String options = dash + 3 < fields.length ? fields[dash + 3] : "";
                    lines.add(
                            new MountLine(
                                    fields[2], unescape(fields[4]), fields[dash + 1], options));
                }
            }
        } catch (IOException e) {
            LOG.warn("cannot read {}", MOUNTINFO, e);
        }
        return lines;
    }

    /** One of those that show a device. */
    static Optional<MountLine> of(long dev) {
        String number = (dev >>> 32) + ":" + (dev & 0xffffffffL);
        return all().stream().filter(line -> line.device().equals(number)).findFirst();
    }

    private static byte[] unescape(String path) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < path.length(); i++) {
            if (path.charAt(i) == '\\' && i + 3 < path.length()) {
                out.append((char) Integer.parseInt(path.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                out.append(path.charAt(i));
            }
        }
        return out.toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
