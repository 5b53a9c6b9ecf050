package io.mig.checkpoint;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Short pauses that grow from 50 microseconds to 2 milliseconds, up to a deadline. For kernel
 * states that change within microseconds and whose notification is slower than looking
 * (cgroup.events is rate-limited to one per 10 ms).
 */
final class Backoff {
    private static final long FIRST_NANOS = 50_000;
    private static final long LONGEST_NANOS = 2_000_000;

    private final long deadline;
    private long next = FIRST_NANOS;

    Backoff(Duration limit) {
        this.deadline = System.nanoTime() + limit.toNanos();
    }

    /**
     * Pauses; false when the deadline has passed or the thread was interrupted (the flag stays
     * set).
     */
    boolean pause() {
        long left = deadline - System.nanoTime();
        if (left <= 0 || Thread.currentThread().isInterrupted()) {
            return false;
        }
        LockSupport.parkNanos(Math.min(next, left));
        next = Math.min(next * 2, LONGEST_NANOS);
        return true;
    }
}
