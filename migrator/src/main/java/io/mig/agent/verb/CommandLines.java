package io.mig.agent.verb;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;

/**
 * Arguments of processes for lists. Reading them takes half of the time that a list of a thousand
 * resting processes costs, and hardly any process changes them: what has been the same program for
 * {@value #SETTLED_NANOS} ns is read each {@value #AGAIN_NANOS} ns only. Thread-safe.
 */
final class CommandLines {
    static final long SETTLED_NANOS = 5_000_000_000L;
    static final long AGAIN_NANOS = 10_000_000_000L;

    private final IntFunction<List<String>> reader;
    private final LongSupplier nanoTime;
    private final Map<Integer, Known> known = new HashMap<>();

    private record Known(
            long startTicks, String name, String words, long sinceNanos, long readNanos) {}

    /**
     * @param reader reads the arguments of a process; none when it has ended
     */
    CommandLines(IntFunction<List<String>> reader, LongSupplier nanoTime) {
        this.reader = reader;
        this.nanoTime = nanoTime;
    }

    /**
     * The arguments in one line; empty when it has none.
     *
     * @param name of its program: with another one they are others
     */
    synchronized String of(int pid, long startTicks, String name) {
        long now = nanoTime.getAsLong();
        Known before = known.get(pid);
        long since = now;
        if (before != null && before.startTicks == startTicks && before.name.equals(name)) {
            since = before.sinceNanos;
            boolean settled = before.readNanos - since >= SETTLED_NANOS;
            if (settled && now - before.readNanos < AGAIN_NANOS) {
                return before.words;
            }
        }
        String words = String.join(" ", reader.apply(pid));
        known.put(pid, new Known(startTicks, name, words, since, now));
        return words;
    }

    /** Forgets all others. */
    synchronized void retain(Set<Integer> pids) {
        known.keySet().retainAll(pids);
    }
}
