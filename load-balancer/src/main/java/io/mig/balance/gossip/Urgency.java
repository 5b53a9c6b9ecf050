package io.mig.balance.gossip;

/** How much others want to know a fact. */
public enum Urgency {
    /** Much as before. */
    ROUTINE,
    /** Something others would act on: a node became idle, or full. Goes before routine facts. */
    NEWS,
    /** An owner is back, a node leaves or closes its doors. Does not wait for the next period. */
    URGENT
}
