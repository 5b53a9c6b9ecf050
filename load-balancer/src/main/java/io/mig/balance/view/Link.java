package io.mig.balance.view;

/**
 * The way from the node that looks to another one.
 *
 * @param bytesPerSecond what a move gets through
 * @param rttMillis round trip
 */
public record Link(double bytesPerSecond, double rttMillis) {
    /** One gigabit per second and half a millisecond, until something was measured. */
    public static final Link USUAL = new Link(110e6, 0.5);

    public Link {
        Checks.range("bytesPerSecond", bytesPerSecond, 1, 1e13);
        Checks.range("rttMillis", rttMillis, 0, 1e6);
    }
}
