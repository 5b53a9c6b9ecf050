package io.mig.transport.netty;

/**
 * What a connection carries while more waits than it takes: only then its own speed is seen. Units
 * are bytes and nanoseconds. Thread-safe.
 */
final class Throughput {
    private static final long LEAST_NANOS = 50_000_000;
    private static final long LONGEST_NANOS = 2_000_000_000;
    private static final long BUSY_BYTES = 64 << 10;
    private static final double WEIGHT = 0.3;

    private long submitted;
    private long begin;
    private long takenAtBegin;
    private boolean measuring;
    private double rate;

    /**
     * Something was handed over.
     *
     * @param pending how much waits now, it included
     */
    synchronized void handedOver(int bytes, long pending, long now) {
        submitted += bytes;
        long taken = submitted - pending;
        if (pending < BUSY_BYTES || (measuring && now - begin > LONGEST_NANOS)) {
            measuring = false;
        }
        if (pending < BUSY_BYTES) {
            return;
        }
        if (!measuring) {
            measuring = true;
            begin = now;
            takenAtBegin = taken;
        } else if (now - begin >= LEAST_NANOS) {
            double seen = (taken - takenAtBegin) * 1e9 / (now - begin);
            rate = rate == 0 ? seen : rate + WEIGHT * (seen - rate);
            begin = now;
            takenAtBegin = taken;
        }
    }

    /** Bytes per second; 0 when it was never seen. */
    synchronized double rate() {
        return rate;
    }
}
