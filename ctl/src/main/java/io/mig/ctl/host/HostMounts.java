package io.mig.ctl.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The host's mounts, as in {@code /proc/self/mountinfo} (proc_pid_mountinfo(5)).
 *
 * @param mounts in the order of the file
 */
public record HostMounts(List<Mount> mounts) {
    /**
     * One mount.
     *
     * @param point where it is
     * @param type which file system it is
     * @param options of the file system; of cgroups of version 1 their controllers
     */
    public record Mount(String point, String type, List<String> options) {
        public Mount {
            options = List.copyOf(options);
        }
    }

    private static final Set<String> ON_DISK =
            Set.of("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs");
    private static final List<String> NOT_IN_NODES =
            List.of("/proc", "/sys", "/dev", "/run", "/tmp", "/boot", "/mnt");

    public HostMounts {
        mounts = List.copyOf(mounts);
    }

    /** The mounts that this process sees. */
    public static HostMounts read() {
        try {
            return parse(Files.readAllLines(Path.of("/proc/self/mountinfo")));
        } catch (IOException e) {
            throw new HostException("cannot read /proc/self/mountinfo: " + e.getMessage(), e);
        }
    }

    /** Reads the lines of a mountinfo file. */
    public static HostMounts parse(List<String> mountinfo) {
        List<Mount> mounts = new ArrayList<>();
        for (String line : mountinfo) {
            int dash = line.indexOf(" - ");
            String[] before = line.split(" ");
            if (dash < 0 || before.length < 5) {
                continue;
            }
            String[] after = line.substring(dash + 3).split(" ");
            mounts.add(
                    new Mount(
                            unescape(before[4]),
                            after[0],
                            after.length > 2 ? List.of(after[2].split(",")) : List.of()));
        }
        return new HostMounts(mounts);
    }

    /** Where cgroup v2 is mounted. */
    public Optional<Path> cgroupV2() {
        return mounts.stream()
                .filter(m -> m.type().equals("cgroup2"))
                .map(m -> Path.of(m.point()))
                .findFirst();
    }

    /** Where this controller of cgroup version 1 is mounted. */
    public Optional<Path> cgroupV1(String controller) {
        return mounts.stream()
                .filter(m -> m.type().equals("cgroup") && m.options().contains(controller))
                .map(m -> Path.of(m.point()))
                .findFirst();
    }

    /**
     * File systems on disk besides the root that nodes should see, too: each gets an overlay of its
     * own.
     */
    public List<String> furtherDisks(Path labs) {
        return mounts.stream()
                .filter(m -> ON_DISK.contains(m.type()) && !m.point().equals("/"))
                .map(Mount::point)
                .filter(point -> NOT_IN_NODES.stream().noneMatch(hidden -> isBelow(point, hidden)))
                .filter(point -> !labs.startsWith(point) && !isBelow(point, labs.toString()))
                .filter(point -> Files.isDirectory(Path.of(point)))
                .distinct()
                .toList();
    }

    private static boolean isBelow(String point, String folder) {
        return point.equals(folder) || point.startsWith(folder + "/");
    }

    /** Blanks and such are written as three octal digits. */
    private static String unescape(String text) {
        StringBuilder plain = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '\\' && i + 3 < text.length()) {
                plain.append((char) Integer.parseInt(text.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                plain.append(text.charAt(i));
            }
        }
        return plain.toString();
    }
}
