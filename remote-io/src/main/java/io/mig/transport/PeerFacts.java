package io.mig.transport;

import io.mig.model.NodeId;
import java.util.Map;
import java.util.Set;

/**
 * What agents tell each other when they meet.
 *
 * @param bootId changes with each boot of the node ({@code /proc/sys/kernel/random/boot_id} or one
 *     per lab start)
 * @param criuVersion as {@code 4.2.1}; empty when there is none
 * @param cpuFlags features that programs may use, names of {@code /proc/cpuinfo}
 */
public record PeerFacts(
        NodeId node,
        String migVersion,
        int protocolMin,
        int protocolMax,
        String bootId,
        String criuVersion,
        Set<String> cpuFlags,
        String kernel,
        String arch,
        long memTotalBytes,
        int cpus,
        Map<String, String> extra) {
    public PeerFacts {
        cpuFlags = Set.copyOf(cpuFlags);
        extra = Map.copyOf(extra);
    }
}
