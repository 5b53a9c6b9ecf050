package io.mig.balance.decide;

/**
 * The price of what a node has left (Amir, Awerbuch, Barak, Borgstrom, Keren, IEEE TPDS 11(7),
 * 2000): the sum over the resources of {@code n ^ utilisation}, n being the number of nodes, once
 * per processor. Processors have no natural maximum of utilisation; the largest load in the view,
 * rounded up to a power of two, stands for it, as the authors propose.
 */
final class OpportunityCost {
    private static final double MOST = 70;

    private final double base;
    private final double fullLoad;

    OpportunityCost(int nodes, double largestLoad) {
        this.base = Math.log(Math.max(2, nodes));
        double full = 1;
        while (full < largestLoad) {
            full *= 2;
        }
        this.fullLoad = full;
    }

    /** Cost of a node whose demand and memory use change by this much. */
    double of(Standing node, double demand, double bytes) {
        return node.cores * (power(node.cpuUse(demand) / fullLoad) + power(node.memoryUse(bytes)));
    }

    private double power(double use) {
        return Math.exp(base * Math.min(MOST, use));
    }
}
