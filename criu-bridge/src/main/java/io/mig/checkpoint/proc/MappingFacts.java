package io.mig.checkpoint.proc;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One line of {@code /proc/PID/maps} (proc_pid_maps(5)).
 *
 * @param protection four letters: r, w, x and p (private) or s (shared)
 * @param file device and inode as the memory management knows them; on btrfs and overlayfs not what
 *     stat(2) says
 * @param path what is mapped without " (deleted)", e.g. a file, {@code [heap]}, {@code
 *     anon_inode:[perf_event]}, or empty
 */
public record MappingFacts(
        long start,
        long end,
        String protection,
        long offset,
        FileId file,
        String path,
        boolean deleted) {

    public boolean shared() {
        return protection.length() > 3 && protection.charAt(3) == 's';
    }

    public boolean writable() {
        return protection.length() > 1 && protection.charAt(1) == 'w';
    }

    public boolean executable() {
        return protection.length() > 2 && protection.charAt(2) == 'x';
    }

    /** Backed by something with an inode: file, device, shared memory. */
    public boolean backed() {
        return file.ino() != 0;
    }

    public long bytes() {
        return end - start;
    }

    /** Name of this mapping in {@code /proc/PID/map_files}. */
    public String rangeName() {
        return Long.toHexString(start) + "-" + Long.toHexString(end);
    }

    public static List<MappingFacts> parseAll(List<String> lines) {
        List<MappingFacts> mappings = new ArrayList<>(lines.size());
        for (String line : lines) {
            parse(line).ifPresent(mappings::add);
        }
        return mappings;
    }

    /** Empty when the line is not understood. */
    public static Optional<MappingFacts> parse(String line) {
        int[] at = {0};
        String range = word(line, at);
        String protection = word(line, at);
        String offset = word(line, at);
        String device = word(line, at);
        String inode = word(line, at);
        int dash = range.indexOf('-');
        int colon = device.indexOf(':');
        if (dash <= 0 || colon <= 0 || protection.length() < 4) {
            return Optional.empty();
        }
        String path = line.substring(at[0]).stripLeading();
        boolean deleted = path.endsWith(Paths.DELETED);
        if (deleted) {
            path = path.substring(0, path.length() - Paths.DELETED.length());
        }
        long dev =
                FileStat.makedev(
                        Text.hex(device.substring(0, colon), 0),
                        Text.hex(device.substring(colon + 1), 0));
        return Optional.of(
                new MappingFacts(
                        Text.hex(range.substring(0, dash), 0),
                        Text.hex(range.substring(dash + 1), 0),
                        protection,
                        Text.hex(offset, 0),
                        new FileId(dev, Text.decimal(inode, 0)),
                        Text.unescape(path),
                        deleted));
    }

    private static String word(String line, int[] at) {
        int start = at[0];
        while (start < line.length() && line.charAt(start) == ' ') {
            start++;
        }
        int end = start;
        while (end < line.length() && line.charAt(end) != ' ') {
            end++;
        }
        at[0] = end;
        return line.substring(start, end);
    }
}
