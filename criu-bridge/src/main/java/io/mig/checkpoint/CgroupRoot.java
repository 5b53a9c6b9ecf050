package io.mig.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where cgroup v2 is mounted here, and how the kernel's cgroup paths map to directories
 * (cgroups(7)).
 *
 * <p>/proc/PID/cgroup shows paths relative to the root of the reader's cgroup namespace; a mount of
 * that namespace shows the same root ({@code /} in the root field of mountinfo). A mount of another
 * namespace would show {@code /../..} and is passed over.
 *
 * @param mountPoint directory of the root of our cgroup namespace
 */
public record CgroupRoot(Path mountPoint) {
    /** Looks for a writable cgroup v2 mount of our own cgroup namespace. */
    public static CgroupRoot discover() {
        try {
            return discover(Files.readAllLines(Path.of("/proc/self/mountinfo")));
        } catch (IOException failed) {
            throw CheckpointException.failed(
                            Phase.FREEZE, "cannot read /proc/self/mountinfo: " + failed, 0)
                    .causedBy(failed);
        }
    }

    static CgroupRoot discover(List<String> mountInfo) {
        StringBuilder seen = new StringBuilder();
        for (String line : mountInfo) {
            // 41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw
            // (proc_pid_mountinfo(5))
            String[] halves = line.split(" - ", 2);
            if (halves.length < 2 || !halves[1].startsWith("cgroup2 ")) {
                continue;
            }
            String[] fields = halves[0].split(" ");
            if (fields.length < 6) {
                continue;
            }
            boolean writable = List.of(fields[5].split(",")).contains("rw");
            if (fields[3].equals("/") && writable) {
                return new CgroupRoot(Path.of(unescape(fields[4])));
            }
            seen.append(" [root=")
                    .append(fields[3])
                    .append(" at=")
                    .append(fields[4])
                    .append(" options=")
                    .append(fields[5])
                    .append(']');
        }
        throw CheckpointException.failed(
                Phase.FREEZE,
                "no usable cgroup v2 mount: found="
                        + (seen.isEmpty() ? "none" : seen.toString().strip())
                        + "; mount one with: mount -t cgroup2 none /sys/fs/cgroup",
                0);
    }

    /**
     * Directory of a path as /proc/PID/cgroup shows it; empty when it lies outside our cgroup
     * namespace.
     */
    public Optional<Path> directory(String cgroupPath) {
        if (!cgroupPath.startsWith("/")
                || cgroupPath.equals("/..")
                || cgroupPath.startsWith("/../")) {
            return Optional.empty();
        }
        Path directory = mountPoint.resolve(cgroupPath.substring(1)).normalize();
        return directory.startsWith(mountPoint) ? Optional.of(directory) : Optional.empty();
    }

    /** The cgroup v2 path of a process, empty when the process is gone. */
    public Optional<String> pathOf(int pid) {
        try {
            for (String line :
                    Files.readAllLines(Path.of("/proc", Integer.toString(pid), "cgroup"))) {
                if (line.startsWith("0::")) {
                    String path = line.substring(3);
                    // The kernel marks the cgroup of a process that outlived its cgroup's
                    // directory.
                    String deleted = " (deleted)";
                    return Optional.of(
                            path.endsWith(deleted)
                                    ? path.substring(0, path.length() - deleted.length())
                                    : path);
                }
            }
            throw CheckpointException.failed(
                    Phase.FREEZE,
                    "process has no cgroup v2 membership: pid="
                            + pid
                            + "; is the kernel cgroup v1 only?",
                    0);
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    /** mountinfo writes space, tab, newline and backslash as three octal digits. */
    private static String unescape(String field) {
        StringBuilder text = new StringBuilder(field.length());
        for (int i = 0; i < field.length(); i++) {
            if (field.charAt(i) == '\\' && i + 3 < field.length()) {
                text.append((char) Integer.parseInt(field.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                text.append(field.charAt(i));
            }
        }
        return text.toString();
    }
}
