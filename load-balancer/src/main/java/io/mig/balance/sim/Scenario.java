package io.mig.balance.sim;

import java.util.List;

/**
 * A cluster and what is started on it.
 *
 * @param seed it was generated from, 0 when it was recorded
 * @param nodes of the cluster
 * @param jobs in order of arrival
 */
public record Scenario(long seed, List<SimNode> nodes, List<SimJob> jobs) {
    public Scenario {
        nodes = List.copyOf(nodes);
        jobs = List.copyOf(jobs);
    }

    double fastest() {
        return nodes.stream().mapToDouble(SimNode::speed).max().orElse(1);
    }

    double capacity() {
        return nodes.stream().mapToDouble(n -> n.cores() * n.speed()).sum();
    }
}
