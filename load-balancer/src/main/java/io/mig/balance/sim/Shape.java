package io.mig.balance.sim;

/**
 * What scenarios look like.
 *
 * @param nodes how many
 * @param load work offered as a share of what all processors can do
 * @param seconds in which jobs arrive
 * @param batchMean jobs that are started together, on average (geometric)
 * @param forkedShare jobs that are mere forks
 * @param shortest work of the shortest job, in seconds
 * @param longest work of the longest job
 * @param tail exponent of the Pareto law of work
 * @param heavyShare jobs that need 5 to 25 % of their home's memory; others need 20 to 200 MB
 * @param speedSpread fastest over slowest node
 */
public record Shape(
        int nodes,
        double load,
        double seconds,
        double batchMean,
        double forkedShare,
        double shortest,
        double longest,
        double tail,
        double heavyShare,
        double speedSpread) {
    public static Shape usual(int nodes, double load) {
        return new Shape(nodes, load, 300, 4, 0.3, 1, 300, 1.0, 0.1, 1.5);
    }

    /** The mean of the bounded Pareto law. */
    double meanWork() {
        double a = tail;
        double l = shortest;
        double h = longest;
        if (Math.abs(a - 1) < 1e-9) {
            return l * h / (h - l) * Math.log(h / l);
        }
        double la = Math.pow(l, a);
        return la
                / (1 - Math.pow(l / h, a))
                * a
                / (a - 1)
                * (1 / Math.pow(l, a - 1) - 1 / Math.pow(h, a - 1));
    }
}
