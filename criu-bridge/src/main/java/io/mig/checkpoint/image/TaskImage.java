package io.mig.checkpoint.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One process of the dumped tree.
 *
 * @param exitCode wait status, of a zombie
 * @param stopSignal the signal that stopped it, 0 when it was not stopped or the image does not say
 * @param threads all threads, the leader first; empty for a zombie
 * @param sharedPending signals sent to the process as a whole
 */
public record TaskImage(
        int pid,
        int ppid,
        int pgid,
        int sid,
        String comm,
        State state,
        int exitCode,
        int stopSignal,
        List<ThreadImage> threads,
        List<PendingSignal> sharedPending) {
    /** What the process was when it was dumped. */
    public enum State {
        ALIVE,
        ZOMBIE,
        STOPPED,
        UNKNOWN;

        /** CRIU's numbers (compel/include/uapi/task-state.h); a zombie is written as "dead". */
        static State of(int number) {
            return switch (number) {
                case 1 -> ALIVE;
                case 2, 6 -> ZOMBIE;
                case 3 -> STOPPED;
                default -> UNKNOWN;
            };
        }
    }

    public TaskImage {
        threads = List.copyOf(threads);
        sharedPending = List.copyOf(sharedPending);
    }

    /** Everything pending, of the process and of each thread. */
    public List<PendingSignal> pending() {
        List<PendingSignal> all = new ArrayList<>(sharedPending);
        threads.forEach(thread -> all.addAll(thread.pending()));
        return all;
    }

    /** How many of each signal are pending, by signal number. */
    public Map<Integer, Integer> pendingCounts() {
        Map<Integer, Integer> counts = new TreeMap<>();
        pending().forEach(signal -> counts.merge(signal.signo(), 1, Integer::sum));
        return counts;
    }
}
