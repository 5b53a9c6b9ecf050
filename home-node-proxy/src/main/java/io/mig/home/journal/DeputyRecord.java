package io.mig.home.journal;

import java.util.List;
import java.util.OptionalInt;

/**
 * One process of a moved tree, of which the deputy stays at home.
 *
 * @param pid home pid, the number of its link
 * @param startTicks field 22 of /proc/PID/stat; an {@code execve} does not change it, so original
 *     and deputy share it
 * @param config text of the CONFIG frame (streams, comm, signals to drop)
 * @param keep descriptors of the original that the deputy needs
 * @param ready whether the deputy has once confirmed its configuration: signals that waited when
 *     the process was dumped are dropped by then and must not be dropped again
 * @param keeper pid of the child that keeps streams open after the deputy itself has ended
 * @param ended whether the deputy has ended
 * @param status wait status it ended with, when known
 */
public record DeputyRecord(
        int pid,
        long startTicks,
        String config,
        List<Integer> keep,
        boolean ready,
        OptionalInt keeper,
        boolean ended,
        OptionalInt status) {

    public static final int MAX_CONFIG_CHARS = 65536;

    public DeputyRecord {
        if (pid <= 1) {
            throw new IllegalArgumentException("a deputy cannot have pid=" + pid);
        }
        if (startTicks < 0) {
            throw new IllegalArgumentException("deputy start ticks=" + startTicks + " pid=" + pid);
        }
        if (config.length() > MAX_CONFIG_CHARS) {
            throw new IllegalArgumentException(
                    "deputy configuration chars="
                            + config.length()
                            + " above the limit="
                            + MAX_CONFIG_CHARS
                            + " pid="
                            + pid);
        }
        keep = List.copyOf(keep);
        for (int descriptor : keep) {
            if (descriptor < 0) {
                throw new IllegalArgumentException(
                        "descriptor to keep=" + descriptor + " pid=" + pid);
            }
        }
    }

    /** A deputy that is still to be made. */
    public static DeputyRecord planned(
            int pid, long startTicks, String config, List<Integer> keep) {
        return new DeputyRecord(
                pid,
                startTicks,
                config,
                keep,
                false,
                OptionalInt.empty(),
                false,
                OptionalInt.empty());
    }

    public DeputyRecord whenReady() {
        return new DeputyRecord(pid, startTicks, config, keep, true, keeper, ended, status);
    }

    public DeputyRecord withKeeper(OptionalInt stays) {
        return new DeputyRecord(pid, startTicks, config, keep, ready, stays, ended, status);
    }

    public DeputyRecord whenEnded(OptionalInt with, OptionalInt stays) {
        return new DeputyRecord(pid, startTicks, config, keep, ready, stays, true, with);
    }
}
