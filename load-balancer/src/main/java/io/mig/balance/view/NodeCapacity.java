package io.mig.balance.view;

/**
 * What a node has.
 *
 * @param cores processors that programs can use (limits of the agent's cgroup applied)
 * @param speed of one processor, relative to the cluster's reference of 1.0
 * @param memoryBytes memory
 */
public record NodeCapacity(double cores, double speed, long memoryBytes) {
    public NodeCapacity {
        Checks.range("cores", cores, 0.01, 65536);
        Checks.range("speed", speed, 0.001, 1000);
        Checks.notNegative("memoryBytes", memoryBytes);
    }
}
