package io.mig.load;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How fast processes write to their memory. To measure one costs it something: its pages are walked
 * twice, about a second apart, and until then the kernel knows less of what it uses. So only who is
 * big enough for that to matter is measured, one process at a time, none more often than each
 * {@value #AGAIN_NANOS} ns, none whose walk is expected to take more than {@value #MOST_WALK_NANOS}
 * ns, and after each measurement there is a rest of {@value #REST} times what it took. Of who does
 * not run nothing has to be measured.
 *
 * <p>Walks may have to wait for the process, so they are made by {@code worker}; what is kept is
 * guarded by this.
 */
public final class DirtyMeter {
    /** Smaller ones are copied in less time than everything else of a move takes. */
    static final long LEAST_BYTES = 16L << 20;

    static final long WINDOW_NANOS = 1_000_000_000L;
    static final long AGAIN_NANOS = 30_000_000_000L;
    static final long MOST_WALK_NANOS = 10_000_000L;

    /** A rate that could not be measured again for so long is not told any more. */
    static final long FORGET_NANOS = 10 * AGAIN_NANOS;

    /** 0.2 % of a processor at most. */
    static final long REST = 500;

    private static final double FIRST_NANOS_PER_BYTE = 0.02;
    private static final double WEIGHT_OF_NEW = 0.3;

    private final PageMarks marks;
    private final Executor worker;
    private final LongSupplier nanoTime;
    private final LongSupplier workNanos;

    private final Map<Object, Measured> rates = new HashMap<>();
    private Map<Object, Candidate> present = Map.of();
    private @Nullable Open open;
    private boolean busy;
    private long notBefore;
    private double nanosPerByte = FIRST_NANOS_PER_BYTE;

    /**
     * Who may be measured.
     *
     * @param key who it is, for life
     * @param pids of its tree
     * @param runs whether it has wanted a processor lately
     */
    public record Candidate(Object key, List<Integer> pids, long residentBytes, boolean runs) {
        public Candidate {
            pids = List.copyOf(pids);
        }
    }

    /**
     * @param rate empty when it could not be had
     */
    private record Measured(Optional<DirtyRate> rate, long atNanos) {}

    /** Whose marks have been cleared. */
    private record Open(Candidate candidate, long atNanos) {}

    /**
     * Measures processes of this node.
     *
     * @param worker makes the walks, one at a time
     */
    public DirtyMeter(Executor worker) {
        this(
                PageMarks.ofThisKernel(Path.of("/proc")),
                worker,
                System::nanoTime,
                ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime);
    }

    /**
     * @param workNanos processor time that the thread which asks has used
     */
    DirtyMeter(PageMarks marks, Executor worker, LongSupplier nanoTime, LongSupplier workNanos) {
        this.marks = marks;
        this.worker = worker;
        this.nanoTime = nanoTime;
        this.workNanos = workNanos;
    }

    /**
     * One look: goes on with what is being measured, or begins with the next. To be called about
     * once per second.
     *
     * @param candidates all that may be measured now; others are forgotten
     */
    public synchronized void look(Collection<Candidate> candidates) {
        long nowNanos = nanoTime.getAsLong();
        Map<Object, Candidate> now = new HashMap<>(candidates.size() * 2);
        candidates.forEach(c -> now.put(c.key(), c));
        present = now;
        rates.keySet().retainAll(now.keySet());
        if (busy) {
            return;
        }
        Open begun = open;
        if (begun == null) {
            begin(candidates, nowNanos);
        } else if (!begun.candidate().pids().equals(pids(begun.candidate().key()))) {
            open = null; // it ended, or its tree is another
        } else if (nowNanos - begun.atNanos() >= WINDOW_NANOS) {
            busy = true;
            worker.execute(() -> read(begun));
        }
    }

    /** What is known of a process; empty: nothing. */
    public synchronized Optional<DirtyRate> rate(Object key) {
        Candidate candidate = present.get(key);
        if (candidate != null && !candidate.runs()) {
            return Optional.of(new DirtyRate(0, DirtyRate.Method.RESTS));
        }
        Measured measured = rates.get(key);
        return measured == null || nanoTime.getAsLong() - measured.atNanos > FORGET_NANOS
                ? Optional.empty()
                : measured.rate();
    }

    private @Nullable List<Integer> pids(Object key) {
        Candidate candidate = present.get(key);
        return candidate == null ? null : candidate.pids();
    }

    private void begin(Collection<Candidate> candidates, long nowNanos) {
        if (nowNanos < notBefore) {
            return;
        }
        Set<Object> fresh = new HashSet<>();
        rates.forEach(
                (key, measured) -> {
                    if (nowNanos - measured.atNanos < AGAIN_NANOS) {
                        fresh.add(key);
                    }
                });
        Optional<Candidate> next =
                candidates.stream()
                        .filter(c -> c.runs() && c.residentBytes() >= LEAST_BYTES)
                        .filter(c -> c.residentBytes() * nanosPerByte <= MOST_WALK_NANOS)
                        .filter(c -> !fresh.contains(c.key()))
                        .min(
                                Comparator.comparingLong(this::measuredAt)
                                        .thenComparingLong(c -> -c.residentBytes()));
        if (next.isPresent()) {
            busy = true;
            Candidate chosen = next.get();
            worker.execute(() -> clear(chosen));
        }
    }

    private long measuredAt(Candidate c) {
        Measured before = rates.get(c.key());
        return before == null ? Long.MIN_VALUE : before.atNanos;
    }

    // --- by the worker ---

    private void clear(Candidate c) {
        long begin = workNanos.getAsLong();
        Open begun = null;
        try {
            for (int pid : c.pids()) {
                marks.clear(pid);
            }
            begun = new Open(c, nanoTime.getAsLong());
        } catch (IOException e) {
            begun = null; // it ended meanwhile
        } finally {
            ended(c, begun, Optional.empty(), begin);
        }
    }

    private void read(Open begun) {
        long begin = workNanos.getAsLong();
        double seconds = (nanoTime.getAsLong() - begun.atNanos()) / 1e9;
        Optional<DirtyRate> rate = Optional.empty();
        try {
            long bytes = 0;
            for (int pid : begun.candidate().pids()) {
                bytes += marks.marked(pid);
            }
            rate = Optional.of(new DirtyRate(bytes / seconds, marks.method()));
        } catch (IOException e) {
            rate = Optional.empty(); // it ended meanwhile
        } finally {
            ended(begun.candidate(), null, rate, begin);
        }
    }

    private synchronized void ended(
            Candidate c, @Nullable Open next, Optional<DirtyRate> rate, long begin) {
        long took = Math.max(0, workNanos.getAsLong() - begin);
        long now = nanoTime.getAsLong();
        busy = false;
        open = next;
        notBefore = now + took * REST;
        nanosPerByte =
                (1 - WEIGHT_OF_NEW) * nanosPerByte
                        + WEIGHT_OF_NEW * took / Math.max(LEAST_BYTES, c.residentBytes());
        if (next == null) {
            rates.put(c.key(), new Measured(rate, now));
        }
    }
}
