package io.mig.agent.balance;

/** A clock that only goes forward and begins above zero: times of day play no part in decisions. */
final class Clock {
    private static final long BEGIN_MILLIS = 1_000_000_000L;

    private final long beginNanos = System.nanoTime();

    long millis() {
        return BEGIN_MILLIS + (System.nanoTime() - beginNanos) / 1_000_000;
    }
}
