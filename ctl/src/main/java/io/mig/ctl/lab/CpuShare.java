package io.mig.ctl.lab;

import io.mig.ctl.host.HostMounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Limits a lab's nodes to a share of the machine's processors, with whichever version of cgroups
 * has the processor controller on this machine. Periods are short, so that a node that has used its
 * share stands still for some milliseconds only. Nodes boot with all processors and are limited
 * when they are up: agents with a small share would take a minute to start.
 *
 * <p>With version 1 the limit is on the node's programs and guests ({@link #PROGRAMS}) and not on
 * its agent, as on a machine of its own, where an agent does not wait for the programs' processors.
 * With version 2 the agent is below the same limit.
 */
final class CpuShare {
    private static final long PERIOD_MICROS = 20_000;

    /** Of version 1: what lies below the node's own cgroup and holds its programs. */
    private static final String PROGRAMS = "programs";

    /** The same as the node sees it, see {@code node-init.sh}. */
    private static final String PROGRAMS_INSIDE = "/run/mig-lab/cpu/" + PROGRAMS;

    private final LabPlace place;
    private final HostMounts mounts;

    CpuShare(LabPlace place, HostMounts mounts) {
        this.place = place;
        this.mounts = mounts;
    }

    /**
     * Prepares the limit of a node whose cgroup has just been made; it may still use everything.
     *
     * @return the further cgroup that its init and agent must join, where version 1 has the
     *     controller
     */
    Optional<Path> prepare(LabNode node) {
        try {
            if (share().isEmpty()) {
                return Optional.empty();
            }
            Optional<Path> old = old(node);
            if (old.isPresent()) {
                CgroupTree cpu = new CgroupTree(old.get());
                cpu.remove(); // of the node's last life
                cpu.create();
                new CgroupTree(programs(old.get())).create();
            } else {
                Path lab = place.cgroup().path();
                Files.writeString(lab.resolveSibling("cgroup.subtree_control"), "+cpu");
                Files.writeString(lab.resolve("cgroup.subtree_control"), "+cpu");
            }
            set(node, Runtime.getRuntime().availableProcessors());
            return old;
        } catch (IOException e) {
            throw failed(node, e);
        }
    }

    /** The cgroup of a node's programs, below the one that {@link #prepare} has made. */
    static Path programs(Path prepared) {
        return prepared.resolve(PROGRAMS);
    }

    /** The same as the node's agent sees it; empty where there is none. */
    Optional<String> programsInside() {
        try {
            return share().isPresent() && mounts.cgroupV1("cpu").isPresent()
                    ? Optional.of(PROGRAMS_INSIDE)
                    : Optional.empty();
        } catch (IOException e) {
            throw new LabException("cannot read " + place.cpusFile() + ": " + e.getMessage(), e);
        }
    }

    /** From now on the node has its share and no more. */
    void apply(LabNode node) {
        try {
            Optional<Double> share = share();
            if (share.isPresent()) {
                set(node, share.get());
            }
        } catch (IOException e) {
            throw failed(node, e);
        }
    }

    private Optional<Double> share() throws IOException {
        String text =
                Files.exists(place.cpusFile()) ? Files.readString(place.cpusFile()).strip() : "";
        return text.isEmpty() ? Optional.empty() : Optional.of(Double.parseDouble(text));
    }

    private Optional<Path> old(LabNode node) {
        return mounts.cgroupV1("cpu").map(m -> place.cpuCgroup(m).path().resolve(node.name()));
    }

    private void set(LabNode node, double cpus) throws IOException {
        long quota = Math.round(cpus * PERIOD_MICROS);
        Optional<Path> old = old(node);
        if (old.isPresent()) {
            Path programs = programs(old.get());
            Files.writeString(programs.resolve("cpu.cfs_period_us"), Long.toString(PERIOD_MICROS));
            Files.writeString(programs.resolve("cpu.cfs_quota_us"), Long.toString(quota));
        } else {
            Files.writeString(
                    place.cgroup(node).path().resolve("cpu.max"), quota + " " + PERIOD_MICROS);
        }
    }

    private static LabException failed(LabNode node, IOException e) {
        return new LabException(
                "cannot limit the processors of "
                        + node
                        + ": "
                        + e.getMessage()
                        + "; the lab works without --cpus",
                e);
    }
}
