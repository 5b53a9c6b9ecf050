package io.mig.balance.policy;

/**
 * When a node is short of memory, whatever the balance.
 *
 * @param pressure share of time lost waiting for memory (PSI) from which processes are sent away
 * @param lowWater share of the node's memory; with less available processes are sent away
 * @param keepFree share of a target's memory that must stay available after an arrival
 */
public record MemoryRules(double pressure, double lowWater, double keepFree) {
    public static final MemoryRules USUAL = new MemoryRules(0.10, 0.05, 0.10);
}
