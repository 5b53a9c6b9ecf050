package io.mig.balance.decide;

import io.mig.model.NodeId;
import java.util.HashMap;
import java.util.Map;

/**
 * Whether nodes keep their word. A node that tells of more speed than its guests really get is
 * trusted less and less, and again when it does better; so one that lies about its load attracts
 * work for a while and then does not.
 *
 * <p>One owner thread.
 */
public final class TrustLedger {
    private static final double LEAST = 0.1;
    private static final double LEARN = 0.25;

    private final Map<NodeId, Double> trust = new HashMap<>();

    /**
     * What became of a move or a placement, some seconds after.
     *
     * @param promised speed that was estimated
     * @param delivered speed that was measured
     */
    public void observe(NodeId node, double promised, double delivered) {
        if (!(promised > 0) || !(delivered >= 0)) {
            return;
        }
        double kept = Math.clamp(delivered / promised, LEAST, 1);
        trust.merge(node, 1 - LEARN + LEARN * kept, (old, _) -> (1 - LEARN) * old + LEARN * kept);
    }

    /** For {@link io.mig.balance.view.NodeView#trust()}. */
    public double of(NodeId node) {
        return trust.getOrDefault(node, 1.0);
    }
}
