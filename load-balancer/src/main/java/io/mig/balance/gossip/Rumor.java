package io.mig.balance.gossip;

import io.mig.model.NodeId;

/**
 * A claim about a member.
 *
 * @param node about whom
 * @param state what is claimed
 * @param incarnation of that node, raised only by itself, to refute
 */
public record Rumor(NodeId node, MemberState state, long incarnation) {
    public Rumor {
        if (incarnation < 0) {
            throw new IllegalArgumentException(
                    "no such rumor: node=" + node + " incarnation=" + incarnation);
        }
    }

    /** Whether this claim replaces the other one. */
    boolean beats(Rumor other) {
        return incarnation != other.incarnation
                ? incarnation > other.incarnation
                : state.compareTo(other.state) > 0;
    }
}
