package io.mig.balance.view;

import io.mig.model.NodeId;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * All that a decision may depend on, apart from the policy: what one node knows at one moment.
 *
 * @param self who looks; always among the nodes
 * @param nowMillis that node's clock, which only ever goes forward
 * @param nodes all nodes it knows, itself among them, in order of their names
 * @param processes the managed processes whose bodies it hosts
 * @param ownerSinceMillis since when the owner of this node is at work, by the same clock
 * @param drainDeadlineMillis until when this node must be empty, by the same clock
 */
public record ClusterView(
        NodeId self,
        long nowMillis,
        Map<NodeId, NodeView> nodes,
        List<ProcessView> processes,
        OptionalLong ownerSinceMillis,
        OptionalLong drainDeadlineMillis) {
    public ClusterView {
        nodes = Collections.unmodifiableMap(new TreeMap<>(nodes));
        processes = List.copyOf(processes);
        if (!nodes.containsKey(self)) {
            throw new IllegalArgumentException("a view without the node that looks, self=" + self);
        }
        for (ProcessView process : processes) {
            if (!process.host().equals(self)) {
                throw new IllegalArgumentException(
                        "a node decides only for what it hosts: process="
                                + process.process()
                                + " host="
                                + process.host()
                                + " self="
                                + self);
            }
        }
    }

    public ClusterView(
            NodeId self, long nowMillis, Map<NodeId, NodeView> nodes, List<ProcessView> processes) {
        this(self, nowMillis, nodes, processes, OptionalLong.empty(), OptionalLong.empty());
    }

    /** The node that looks. */
    public NodeView own() {
        NodeView own = nodes.get(self);
        if (own == null) {
            throw new IllegalStateException("checked when the view was made, self=" + self);
        }
        return own;
    }

    public Optional<NodeView> node(NodeId id) {
        return Optional.ofNullable(nodes.get(id));
    }
}
