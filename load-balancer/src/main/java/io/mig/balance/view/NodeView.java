package io.mig.balance.view;

import io.mig.model.NodeId;
import java.util.Optional;
import java.util.Set;

/**
 * What is known of one node here and now.
 *
 * @param facts what it told of itself
 * @param status whether it lives
 * @param ageMillis how old the facts are, by this node's clock; clocks of others play no part
 * @param announced what this node knows to be on its way there since the facts were measured
 * @param features of its hardware and kernel; empty when it never said
 * @param link the way there
 * @param trust what it delivered as a share of what it promised, 1 when it keeps its word
 * @param labels free words of the administrator
 */
public record NodeView(
        NodeFacts facts,
        NodeStatus status,
        long ageMillis,
        Announced announced,
        Optional<Features> features,
        Link link,
        double trust,
        Set<String> labels) {
    public NodeView {
        Checks.notNegative("ageMillis", ageMillis);
        Checks.range("trust", trust, 0.01, 1);
        labels = Set.copyOf(labels);
    }

    /** A living node with nothing special about it. */
    public static NodeView of(NodeFacts facts, long ageMillis) {
        return new NodeView(
                facts,
                NodeStatus.ALIVE,
                ageMillis,
                Announced.NOTHING,
                Optional.empty(),
                Link.USUAL,
                1,
                Set.of());
    }

    public NodeId node() {
        return facts.node();
    }

    public NodeView withStatus(NodeStatus value) {
        return new NodeView(facts, value, ageMillis, announced, features, link, trust, labels);
    }

    public NodeView withAnnounced(Announced value) {
        return new NodeView(facts, status, ageMillis, value, features, link, trust, labels);
    }

    public NodeView withFeatures(Features value) {
        return new NodeView(
                facts, status, ageMillis, announced, Optional.of(value), link, trust, labels);
    }

    public NodeView withLink(Link value) {
        return new NodeView(facts, status, ageMillis, announced, features, value, trust, labels);
    }

    public NodeView withTrust(double value) {
        return new NodeView(facts, status, ageMillis, announced, features, link, value, labels);
    }

    public NodeView withLabels(Set<String> value) {
        return new NodeView(facts, status, ageMillis, announced, features, link, trust, value);
    }
}
