package io.mig.balance.decide;

import io.mig.balance.policy.ClusterSummary;
import io.mig.balance.policy.Policy;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.NodeStatus;
import io.mig.balance.view.NodeView;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The nodes as one round of deciding sees them. Owned by one call. */
final class Round {
    /** More nodes than this are not all looked at for each process. */
    private static final int SHORTLIST = 48;

    final ClusterView view;
    final Policy policy;
    final ClusterSummary cluster;
    final OpportunityCost cost;
    final Standing own;
    final List<Standing> all;

    private final Map<NodeId, Standing> byNode;
    private @Nullable List<Standing> shortlist;

    Round(ClusterView view, Policy policy) {
        this.view = view;
        this.policy = policy;
        this.cluster = summary(view);
        this.all = new ArrayList<>(view.nodes().size());
        this.byNode = new HashMap<>(view.nodes().size() * 2);
        double largest = 0;
        for (NodeView node : view.nodes().values()) {
            Standing standing = standing(node);
            all.add(standing);
            byNode.put(node.node(), standing);
            if (node.status() == NodeStatus.ALIVE) {
                largest = Math.max(largest, standing.cpuUse(0));
            }
        }
        Standing self = byNode.get(view.self());
        if (self == null) {
            throw new IllegalStateException("checked by the view, self=" + view.self());
        }
        this.own = self;
        this.cost = new OpportunityCost(cluster.nodes(), largest);
    }

    /** Mean figures of the living nodes. */
    static ClusterSummary summary(ClusterView view) {
        int nodes = 0;
        double wanted = 0;
        double cores = 0;
        double free = 0;
        for (NodeView node : view.nodes().values()) {
            if (node.status() == NodeStatus.ALIVE) {
                nodes++;
                var facts = node.facts();
                wanted += facts.use().runnable();
                cores += facts.capacity().cores();
                free +=
                        (double) facts.use().availableBytes()
                                / Math.max(1, facts.capacity().memoryBytes());
            }
        }
        return nodes == 0
                ? ClusterSummary.EMPTY
                : new ClusterSummary(nodes, wanted / cores, free / nodes);
    }

    /** Old facts count less: what is missing is filled up with the mean, if that is worse. */
    private Standing standing(NodeView node) {
        double wanted = node.facts().use().runnable();
        double available = node.facts().use().availableBytes();
        if (!node.node().equals(view.self())) {
            double halfLife = policy.balance().factHalfLife().toMillis();
            double weight = Math.pow(0.5, node.ageMillis() / halfLife);
            double cores = node.facts().capacity().cores();
            double memory = node.facts().capacity().memoryBytes();
            wanted = weight * wanted + (1 - weight) * Math.max(wanted, cluster.meanLoad() * cores);
            available =
                    weight * available
                            + (1 - weight) * Math.min(available, cluster.meanFree() * memory);
        }
        return new Standing(node, NodeTerms.of(policy, node), wanted, available);
    }

    @Nullable Standing find(NodeId node) {
        return byNode.get(node);
    }

    /** The most promising nodes for a program without wishes; all of them in a small cluster. */
    List<Standing> promising() {
        if (all.size() <= SHORTLIST) {
            return all;
        }
        List<Standing> best = shortlist;
        if (best == null) {
            Map<Standing, Double> speed = new HashMap<>(all.size() * 2);
            for (Standing s : all) {
                speed.put(
                        s,
                        s.view.status() == NodeStatus.ALIVE && s != own
                                ? s.speedAt(s.wanted() + 1, s.coresFor(true)) - 1e-3 * s.cpuUse(1)
                                : -1);
            }
            best = new ArrayList<>(all);
            best.sort(Comparator.comparingDouble((Standing s) -> -speed.getOrDefault(s, 0.0)));
            best = best.subList(0, SHORTLIST);
            shortlist = best;
        }
        return best;
    }
}
