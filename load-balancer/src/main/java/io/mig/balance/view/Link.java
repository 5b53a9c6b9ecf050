package io.mig.balance.view;

/**
 * The way from the node that looks to another one.
 *
 * @param bytesPerSecond what a move gets through
 * @param rttMillis round trip
 * @param live whether memory is copied while the process runs; else all of it is copied while the
 *     process stands still, however little it writes
 */
public record Link(double bytesPerSecond, double rttMillis, boolean live) {
    /**
     * One gigabit per second and half a millisecond, until something was measured. Agents copy
     * nothing beforehand.
     */
    public static final Link USUAL = new Link(110e6, 0.5, false);

    public Link {
        Checks.range("bytesPerSecond", bytesPerSecond, 1, 1e13);
        Checks.range("rttMillis", rttMillis, 0, 1e6);
    }
}
