package io.mig.balance.policy;

/** What a good distribution looks like. */
public enum Spread {
    /** As even as possible: programs run fastest. */
    SPREAD,
    /** On as few nodes as possible without harm: nodes can be switched off. */
    PACK
}
