package io.mig.balance.view;

/** What the failure detector holds of a node. Only {@link #ALIVE} nodes are given anything. */
public enum NodeStatus {
    ALIVE,
    /** Did not answer lately; may still be refuted. */
    SUSPECT,
    DEAD
}
