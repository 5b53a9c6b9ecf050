package io.mig.balance.policy;

/**
 * The cluster in a few figures, for expressions.
 *
 * @param nodes living ones
 * @param meanLoad mean of wanted processors per processor
 * @param meanFree mean share of memory available
 */
public record ClusterSummary(int nodes, double meanLoad, double meanFree) {
    public static final ClusterSummary EMPTY = new ClusterSummary(1, 0, 1);
}
