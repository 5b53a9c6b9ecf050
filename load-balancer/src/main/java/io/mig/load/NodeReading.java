package io.mig.load;

/**
 * The node's counters at one moment.
 *
 * @param cpus processors that programs can use
 * @param busyTicks time that processors spent with something, since boot, summed over processors,
 *     in any unit; time stolen by a hypervisor counts as busy because nobody here can have it
 * @param totalTicks all time of all processors since boot, in the same unit
 * @param load1 runnable and uninterruptible tasks, mean of a minute (proc_loadavg(5)); negative
 *     when unknown
 * @param memTotalBytes memory there is
 * @param memAvailableBytes memory that could be had without swapping (MemAvailable in
 *     proc_meminfo(5))
 */
public record NodeReading(
        int cpus,
        long busyTicks,
        long totalTicks,
        double load1,
        long memTotalBytes,
        long memAvailableBytes) {}
