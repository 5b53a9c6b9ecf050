package io.mig.load;

/**
 * The counters of a container or lab node: what its cgroup has used of what it may use. Memory is
 * the machine's. For one thread.
 */
public final class CgroupProbe implements NodeProbe {
    private static final double UNKNOWN = -1;

    private final CpuLimit limit;
    private final NodeProbe machine;

    private long lastUsed;
    private long lastNanos;
    private long busy;
    private long total;

    /**
     * @param limit of this process
     * @param machine tells the rest, and all of it when the limit was taken off
     */
    public CgroupProbe(CpuLimit limit, NodeProbe machine) {
        this.limit = limit;
        this.machine = machine;
        this.lastNanos = System.nanoTime();
        this.lastUsed = limit.usedNanos().orElse(0);
    }

    @Override
    public NodeReading read() {
        NodeReading all = machine.read();
        double cpus = limit.cpus();
        if (cpus <= 0) {
            return all;
        }
        long now = System.nanoTime();
        long used = limit.usedNanos().orElse(lastUsed);
        busy += used - lastUsed;
        total += (long) ((now - lastNanos) * cpus);
        lastUsed = used;
        lastNanos = now;
        return new NodeReading(
                (int) Math.ceil(cpus),
                busy,
                total,
                UNKNOWN,
                all.memTotalBytes(),
                all.memAvailableBytes());
    }
}
