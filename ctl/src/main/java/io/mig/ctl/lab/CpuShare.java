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
 */
final class CpuShare {
    private static final long PERIOD_MICROS = 20_000;

    private final LabPlace place;
    private final HostMounts mounts;

    CpuShare(LabPlace place, HostMounts mounts) {
        this.place = place;
        this.mounts = mounts;
    }

    /**
     * Prepares the limit of a node whose cgroup has just been made; it may still use everything.
     *
     * @return the further cgroup that its processes must join, where version 1 has the controller
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
            Files.writeString(old.get().resolve("cpu.cfs_period_us"), Long.toString(PERIOD_MICROS));
            Files.writeString(old.get().resolve("cpu.cfs_quota_us"), Long.toString(quota));
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
