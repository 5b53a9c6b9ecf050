package io.mig.balance.decide;

import io.mig.model.NodeId;
import java.util.Map;

/** Where a new program is started. */
public sealed interface Placement {
    /** At home. */
    record AtHome(String because) implements Placement {}

    /**
     * On another node, its deputy at home.
     *
     * @param speedHome speed it would have at home
     * @param speedThere speed it will have
     */
    record Away(NodeId node, double speedHome, double speedThere, String because)
            implements Placement {}

    /** Nowhere: no node has what it needs. */
    record Nowhere(Map<NodeId, WhyNot> why) implements Placement {
        public Nowhere {
            why = Map.copyOf(why);
        }
    }
}
