package io.mig.balance.sim;

/**
 * A node of a scenario.
 *
 * @param cores processors
 * @param speed of each
 * @param memoryBytes memory
 */
public record SimNode(int cores, double speed, long memoryBytes) {}
