package io.mig.balance.policy;

/** How much happens without anybody asking. */
public enum Automation {
    /** Everything is only recommended. */
    MANUAL,
    /** New programs are placed and mandatory moves are made; other moves are recommended. */
    PARTIAL,
    /** Everything is done. */
    FULL
}
