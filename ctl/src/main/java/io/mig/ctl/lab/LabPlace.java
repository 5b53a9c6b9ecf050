package io.mig.ctl.lab;

import io.mig.ctl.host.HostMounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a lab keeps its things on the host.
 *
 * @param name the lab
 * @param base folder of all labs
 * @param cgroup the lab's cgroup; everything of the lab runs in it
 * @param home the folder with the {@code mig} script
 */
record LabPlace(LabName name, Path base, CgroupTree cgroup, Path home) {
    /** The place of a lab on this machine, by the environment of the {@code mig} script. */
    static LabPlace of(LabName name, HostMounts mounts, Path home) {
        Path cgroups =
                mounts.cgroupV2()
                        .orElseThrow(
                                () ->
                                        new LabException(
                                                "cgroup v2 is not mounted on this machine; run: mount -t cgroup2 cgroup2 /sys/fs/cgroup"));
        String base = System.getenv("MIG_LAB_DIR");
        return new LabPlace(
                name,
                Path.of(base == null || base.isEmpty() ? "/var/tmp/mig-lab" : base),
                new CgroupTree(cgroups.resolve("miglab-" + name)),
                home);
    }

    Path dir() {
        return base.resolve(name.value());
    }

    /** What the nodes write; in the holder's mount namespace possibly a tmpfs. */
    Path disk() {
        return dir().resolve("disk");
    }

    Path disk(LabNode node) {
        return disk().resolve(node.name());
    }

    Path nodeDir(LabNode node) {
        return dir().resolve("nodes").resolve(node.name());
    }

    /** Holds {@code PID STARTED CGROUP} of a node's init; the {@code mig} script reads it, too. */
    Path initFile(LabNode node) {
        return nodeDir(node).resolve("init");
    }

    /** The cgroups that what runs on a node must join, each after a blank. */
    String cgroups(LabNode node) {
        try {
            String[] words = Files.readString(initFile(node)).strip().split(" ", 3);
            return words.length < 3 ? "" : " " + words[2];
        } catch (IOException e) {
            throw new LabException(node + " is down");
        }
    }

    Path holderFile() {
        return dir().resolve("holder");
    }

    Path rateFile(LabNode node) {
        return nodeDir(node).resolve("rate");
    }

    Path cutsFile() {
        return dir().resolve("cuts");
    }

    /** Processors each node may use; empty text when there is no limit. */
    Path cpusFile() {
        return dir().resolve("cpus");
    }

    /** The lab's cgroup in a hierarchy of version 1, where that holds the processor controller. */
    CgroupTree cpuCgroup(Path hierarchy) {
        return new CgroupTree(hierarchy.resolve(cgroup.path().getFileName()));
    }

    Path mountsFile() {
        return dir().resolve("mounts");
    }

    CgroupTree cgroup(LabNode node) {
        return new CgroupTree(cgroup.path().resolve(node.name()));
    }

    CgroupTree holderCgroup() {
        return new CgroupTree(cgroup.path().resolve("holder"));
    }

    /** The nodes this lab was made with. */
    List<LabNode> nodes() {
        Path folder = dir().resolve("nodes");
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> nodes = Files.list(folder)) {
            return nodes.map(p -> LabNode.parse(p.getFileName().toString())).sorted().toList();
        } catch (IOException e) {
            throw new LabException("cannot read " + folder + ": " + e.getMessage(), e);
        }
    }

    Optional<HostProcess> holder() {
        return HostProcess.in(holderFile());
    }

    Optional<HostProcess> init(LabNode node) {
        return HostProcess.in(initFile(node));
    }

    /** The node's own disk as the holder sees it. */
    Path diskSeenBy(HostProcess holder, LabNode node) {
        return Path.of(holder.root() + disk(node).toString());
    }

    boolean remains() {
        return Files.exists(dir()) || cgroup.exists();
    }
}
