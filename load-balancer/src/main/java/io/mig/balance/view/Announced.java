package io.mig.balance.view;

/**
 * What is on its way to a node and not yet in its figures.
 *
 * @param processes how many
 * @param runnable processors they want
 * @param bytes memory they bring
 */
public record Announced(int processes, double runnable, long bytes) {
    public static final Announced NOTHING = new Announced(0, 0, 0);

    public Announced {
        Checks.range("processes", processes, 0, 1 << 20);
        Checks.range("runnable", runnable, 0, 1e7);
        Checks.notNegative("bytes", bytes);
    }

    public Announced plus(double moreRunnable, long moreBytes) {
        return new Announced(processes + 1, runnable + moreRunnable, bytes + moreBytes);
    }
}
