package io.mig.balance.view;

import io.mig.model.NodeId;

/**
 * A move a process has behind it.
 *
 * @param from where it was
 * @param to where it went
 * @param agoMillis how long ago it was committed
 * @param forDrain whether it left because its node was emptied; such a process is brought back
 *     afterwards
 */
public record PastMove(NodeId from, NodeId to, long agoMillis, boolean forDrain) {
    public PastMove {
        Checks.notNegative("agoMillis", agoMillis);
    }
}
