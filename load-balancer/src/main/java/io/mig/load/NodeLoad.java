package io.mig.load;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How busy a node was when it looked at itself.
 *
 * @param at when, by the node's own clock
 * @param cpus processors that programs can use
 * @param cpuBusy share of all processors that was busy since the sample before, between 0 and 1
 * @param load1 load average of a minute; negative when unknown
 * @param memTotalBytes memory there is
 * @param memAvailableBytes memory that could be had without swapping
 * @param netBytesPerSecond received and sent by all network devices since the sample before
 * @param cpuPressure time lost waiting for a processor; empty where the kernel does not say
 * @param memoryPressure time lost waiting for memory; empty where the kernel does not say
 * @param ioPressure time lost waiting for disks; empty where the kernel does not say
 */
public record NodeLoad(
        Instant at,
        int cpus,
        double cpuBusy,
        double load1,
        long memTotalBytes,
        long memAvailableBytes,
        double netBytesPerSecond,
        Optional<Pressure> cpuPressure,
        Optional<Pressure> memoryPressure,
        Optional<Pressure> ioPressure) {
    public NodeLoad {
        if (cpus < 1
                || !(cpuBusy >= 0 && cpuBusy <= 1)
                || memTotalBytes < 0
                || memAvailableBytes < 0) {
            throw new IllegalArgumentException(
                    "no node is like this: cpus="
                            + cpus
                            + " cpuBusy="
                            + cpuBusy
                            + " memTotalBytes="
                            + memTotalBytes
                            + " memAvailableBytes="
                            + memAvailableBytes);
        }
    }

    /**
     * How old the sample is; old figures count less. Never negative, also when the clock was set
     * back.
     */
    public Duration age(Instant now) {
        Duration age = Duration.between(at, now);
        return age.isNegative() ? Duration.ZERO : age;
    }
}
