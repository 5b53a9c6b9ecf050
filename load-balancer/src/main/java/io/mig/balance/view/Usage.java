package io.mig.balance.view;

/**
 * What a process (with its tree) needs.
 *
 * @param demand processors it wants, 1 for a program that computes in one thread
 * @param rssBytes resident memory
 * @param dirtyBytesPerSecond memory it writes to, at most; {@link #UNKNOWN_DIRTY} where nobody has
 *     measured it
 * @param homeBytesPerSecond I/O through its home node
 * @param cpuSeconds processor time of its life, in seconds of a processor of speed 1.0: how much
 *     has been done is the best guess of how much is still to do
 */
public record Usage(
        double demand,
        long rssBytes,
        double dirtyBytesPerSecond,
        double homeBytesPerSecond,
        double cpuSeconds) {
    /** More than any process writes: a rule that asks for little does not hold. */
    public static final double UNKNOWN_DIRTY = 1e12;

    public Usage {
        Checks.range("demand", demand, 0, 65536);
        Checks.notNegative("rssBytes", rssBytes);
        Checks.range("dirtyBytesPerSecond", dirtyBytesPerSecond, 0, 1e13);
        Checks.range("homeBytesPerSecond", homeBytesPerSecond, 0, 1e13);
        Checks.range("cpuSeconds", cpuSeconds, 0, 1e12);
    }
}
