package io.mig.balance.decide;

import io.mig.model.NodeId;
import java.util.HashMap;
import java.util.Map;

/**
 * Whether nodes keep their word. A node that tells of more speed than its guests really get is
 * trusted less and less, and again when it does better; so one that lies about its load attracts
 * work for a while and then does not. Below {@link #LEAST} it gets nothing by choice. Distrust
 * fades by half every ten minutes, so that such a node is tried again some day.
 *
 * <p>One owner thread.
 */
public final class TrustLedger {
    /** Who is trusted less is no target: three bad arrivals in a row do it. */
    public static final double LEAST = 0.5;

    private static final double LOWEST = 0.1;
    private static final double LEARN = 0.3;
    private static final double HALF_LIFE_MILLIS = 600_000;

    /** Programs share, wait and sleep: what is above this share is as good as promised. */
    private static final double GOOD_ENOUGH = 0.6;

    private final Map<NodeId, Account> accounts = new HashMap<>();

    private record Account(double doubt, long atMillis, int broken) {
        double doubtAt(long nowMillis) {
            return doubt * Math.pow(0.5, Math.max(0, nowMillis - atMillis) / HALF_LIFE_MILLIS);
        }
    }

    /**
     * What became of a move or a placement, some seconds after.
     *
     * @param promised speed that was estimated from what the node tells, trust left aside
     * @param delivered speed that was measured
     * @return whether the word was broken
     */
    public boolean observe(NodeId node, double promised, double delivered, long nowMillis) {
        if (!(promised > 0) || !(delivered >= 0)) {
            return false;
        }
        double share = delivered / promised;
        boolean broken = share < GOOD_ENOUGH;
        double missed = broken ? 1 - Math.max(share, LOWEST) : 0;
        Account before = accounts.get(node);
        if (before == null && !broken) {
            return false;
        }
        double doubt = before == null ? 0 : before.doubtAt(nowMillis);
        accounts.put(
                node,
                new Account(
                        (1 - LEARN) * doubt + LEARN * missed,
                        nowMillis,
                        (before == null ? 0 : before.broken) + (broken ? 1 : 0)));
        return broken;
    }

    /** For {@link io.mig.balance.view.NodeView#trust()}. */
    public double of(NodeId node, long nowMillis) {
        Account account = accounts.get(node);
        return account == null ? 1 : 1 - account.doubtAt(nowMillis);
    }

    /** How often a node has broken its word. */
    public int broken(NodeId node) {
        Account account = accounts.get(node);
        return account == null ? 0 : account.broken;
    }
}
