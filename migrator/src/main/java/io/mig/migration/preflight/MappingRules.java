package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FileStat;
import io.mig.checkpoint.proc.MappingFacts;
import io.mig.checkpoint.proc.ProcessFacts;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Memory that is more than private pages. */
final class MappingRules {
    private MappingRules() {}

    static void apply(Findings f) {
        for (ProcessFacts p : f.tree().processes()) {
            Set<String> seen = new LinkedHashSet<>();
            for (MappingFacts m : p.mappings()) {
                if (m.backed() && seen.add(m.path() + m.file() + m.shared())) {
                    one(f, p, m);
                } else if (m.path().equals("[uprobes]") && seen.add(m.path())) {
                    f.add(
                            ObstacleCode.UNSUPPORTED_MAPPING,
                            f.owner(p),
                            "a tracing probe (uprobe) is set in its code",
                            "the probe exists on this machine only",
                            "end the tracing tool");
                }
            }
            if (p.status().hugePageBytes() > 0) {
                f.hint(f.owner(p) + " uses huge pages; the target needs as many free ones");
            }
        }
        for (var q : f.facts().messageQueues()) {
            for (ProcessFacts p : f.tree().processes()) {
                if (q.lastSender() == p.pid() || q.lastReceiver() == p.pid()) {
                    f.add(
                            ObstacleCode.SYSV_MSG,
                            f.owner(p),
                            "it uses the System V message queue " + q.msqid(),
                            "the queue exists on this machine only",
                            "leave programs with System V IPC at home");
                }
            }
        }
    }

    private static void one(Findings f, ProcessFacts p, MappingFacts m) {
        String path = m.path();
        if (path.startsWith("/SYSV")) {
            f.add(
                    ObstacleCode.SYSV_SHM,
                    f.owner(p),
                    "it has the System V shared memory segment " + path.substring(1) + " attached",
                    "the segment exists on this machine only",
                    "leave programs with System V IPC at home");
            return;
        }
        if (path.startsWith("/[aio]") || path.startsWith("[")) {
            return;
        }
        if (!path.startsWith("/")) {
            // io_uring rings, perf buffers, packet sockets: the descriptor rules name them when
            // they are open.
            f.add(
                    ObstacleCode.UNSUPPORTED_MAPPING,
                    f.owner(p),
                    "it has a kernel object mapped (" + path + ")",
                    "CRIU cannot checkpoint it",
                    "start the program without the feature that uses it");
            return;
        }
        Optional<FileStat> stat = Optional.ofNullable(f.facts().mappedFiles().get(m.file()));
        boolean device =
                stat.map(s -> s.isCharDevice() || s.isBlockDevice())
                        .orElse(path.startsWith("/dev/"));
        boolean zero = path.equals("/dev/zero");
        boolean sharedMemoryFolder = path.startsWith("/dev/shm/");
        if (device && !zero && !sharedMemoryFolder) {
            f.add(
                    ObstacleCode.DEVICE_MAPPING,
                    f.owner(p),
                    "it has memory of the device " + path + " mapped",
                    "device memory is part of this machine",
                    "leave the program where the device is");
            return;
        }
        boolean anonymous =
                m.deleted()
                        && (zero
                                || path.startsWith("/memfd:")
                                || path.startsWith("/anon_hugepage"));
        Set<Integer> outside = f.facts().sharedMappings().getOrDefault(m.file(), Set.of());
        if (m.shared()
                && (anonymous || m.deleted() || sharedMemoryFolder || m.writable())
                && !outside.isEmpty()) {
            f.add(
                    ObstacleCode.SHARED_MEMORY,
                    f.owner(p),
                    "it shares memory ("
                            + (zero ? "anonymous" : path)
                            + ") with "
                            + f.outsider(outside.iterator().next())
                            + (outside.size() > 1 ? " and " + (outside.size() - 1) + " more" : ""),
                    "memory cannot be shared between nodes",
                    "move the process that started all of them");
            return;
        }
        if (m.deleted() && !anonymous) {
            FileRules.deletedMapping(f, p, m, stat);
        }
    }
}
