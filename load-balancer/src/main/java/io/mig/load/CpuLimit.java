package io.mig.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The share of the machine's processors that the cgroup of this process may use: a container, or a
 * lab node. Both versions of cgroups are understood (Documentation/admin-guide/cgroup-v2.rst,
 * {@code cpu.max}; Documentation/scheduler/sched-bwc.rst, {@code cpu.cfs_quota_us}); the tightest
 * limit on the way up to the root that can be seen counts. Any thread.
 */
public final class CpuLimit {
    private static final long NANOS_PER_MICRO = 1000;

    private final List<Path> groups;
    private final Optional<Path> usage;
    private final Optional<Path> pressure;

    private CpuLimit(List<Path> groups, Optional<Path> usage, Optional<Path> pressure) {
        this.groups = List.copyOf(groups);
        this.usage = usage;
        this.pressure = pressure;
    }

    /**
     * The limit of this process; empty when it may use all processors.
     *
     * @param programs the cgroup that limits the programs of this node, when that is not the one of
     *     this process
     */
    public static Optional<CpuLimit> find(Optional<Path> programs) {
        try {
            List<String> mountinfo = Files.readAllLines(Path.of("/proc/self/mountinfo"));
            List<String> own = Files.readAllLines(Path.of("/proc/self/cgroup"));
            return find(mountinfo, own, programs.map(List::of).orElse(List.of()));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * @param mountinfo lines of {@code /proc/self/mountinfo}
     * @param own lines of {@code /proc/self/cgroup}
     */
    static Optional<CpuLimit> find(List<String> mountinfo, List<String> own) {
        return find(mountinfo, own, List.of());
    }

    private static Optional<CpuLimit> find(
            List<String> mountinfo, List<String> own, List<Path> programs) {
        List<Path> groups = new ArrayList<>(programs);
        Optional<Path> unified = mount(mountinfo, "cgroup2", "");
        unified.ifPresent(mount -> groups.addAll(upwards(mount, path(own, ""))));
        mount(mountinfo, "cgroup", "cpu")
                .ifPresent(mount -> groups.addAll(upwards(mount, path(own, "cpu"))));
        Optional<Path> accounted =
                mount(mountinfo, "cgroup", "cpuacct")
                        .map(mount -> upwards(mount, path(own, "cpuacct")).getFirst())
                        .map(group -> group.resolve("cpuacct.usage"));
        List<Path> limited = groups.stream().filter(g -> quota(g) > 0).toList();
        if (limited.isEmpty()) {
            return Optional.empty();
        }
        // the kernel accounts for each group of version 2 with or without its processor controller
        Optional<Path> counted =
                limited.stream().filter(g -> Files.exists(g.resolve("cpu.max"))).findFirst();
        Optional<Path> visibleRoot = unified.filter(g -> Files.exists(g.resolve("cgroup.type")));
        Optional<Path> group = counted.or(() -> visibleRoot);
        return Optional.of(
                new CpuLimit(
                        limited, group.map(g -> g.resolve("cpu.stat")).or(() -> accounted), group));
    }

    /** Where a hierarchy is mounted; of version 1 the one with this controller. */
    private static Optional<Path> mount(List<String> mountinfo, String type, String controller) {
        for (String line : mountinfo) {
            int dash = line.indexOf(" - ");
            String[] before = line.split(" ");
            String[] after = dash < 0 ? new String[0] : line.substring(dash + 3).split(" ");
            if (before.length > 4
                    && after.length > 2
                    && after[0].equals(type)
                    && (controller.isEmpty()
                            || Arrays.asList(after[2].split(",")).contains(controller))) {
                return Optional.of(Path.of(before[4]));
            }
        }
        return Optional.empty();
    }

    /** The path of this process in a hierarchy; the root when it lies outside of what is seen. */
    private static String path(List<String> own, String controller) {
        for (String line : own) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && Arrays.asList(parts[1].split(",")).contains(controller)) {
                return parts[2].startsWith("/..") ? "/" : parts[2];
            }
        }
        return "/";
    }

    /** The group itself first, the mount point last. */
    private static List<Path> upwards(Path mount, String path) {
        List<Path> groups = new ArrayList<>();
        Path group = mount.resolve(path.substring(1)).normalize();
        if (!group.startsWith(mount) || !Files.isDirectory(group)) {
            group = mount; // a bind mount of a part of the hierarchy
        }
        for (Path g = group; g != null && g.startsWith(mount); g = g.getParent()) {
            groups.add(g);
        }
        return groups;
    }

    /** Processors a group may use; 0 when it has no limit. */
    private static double quota(Path group) {
        Optional<String> max = text(group.resolve("cpu.max"));
        if (max.isPresent()) {
            String[] words = max.get().split(" ");
            return words.length == 2 ? ratio(words[0], words[1]) : 0;
        }
        return ratio(
                text(group.resolve("cpu.cfs_quota_us")).orElse(""),
                text(group.resolve("cpu.cfs_period_us")).orElse(""));
    }

    private static double ratio(String quota, String period) {
        try {
            long part = Long.parseLong(quota);
            long whole = Long.parseLong(period);
            return part > 0 && whole > 0 ? (double) part / whole : 0;
        } catch (NumberFormatException e) {
            return 0; // "max", or nothing there
        }
    }

    private static Optional<String> text(Path file) {
        try {
            return Optional.of(Files.readString(file).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Processors that may be used now, e.g. 0.5; 0 when the limit was taken off. */
    public double cpus() {
        return groups.stream().mapToDouble(CpuLimit::quota).filter(q -> q > 0).min().orElse(0);
    }

    /** Processor time the group has used; empty where nothing counts it. */
    public OptionalLong usedNanos() {
        for (String line : usage.flatMap(CpuLimit::text).orElse("").lines().toList()) {
            try {
                if (line.startsWith("usage_usec ")) {
                    return OptionalLong.of(
                            Long.parseLong(line.substring("usage_usec ".length()))
                                    * NANOS_PER_MICRO);
                }
                if (!line.contains(" ")) {
                    return OptionalLong.of(Long.parseLong(line));
                }
            } catch (NumberFormatException e) {
                return OptionalLong.empty();
            }
        }
        return OptionalLong.empty();
    }

    /** The group whose {@code *.pressure} files tell of this limit; empty for version 1 alone. */
    public Optional<Path> pressureGroup() {
        return pressure.filter(g -> Files.exists(g.resolve("cpu.pressure")));
    }
}
