package io.mig.balance.gossip;

/** What is held of a member. Of two claims with the same incarnation the later constant wins. */
public enum MemberState {
    ALIVE,
    /** Does not answer; may refute it. */
    SUSPECT,
    DEAD,
    /** Said good-bye. */
    LEFT
}
