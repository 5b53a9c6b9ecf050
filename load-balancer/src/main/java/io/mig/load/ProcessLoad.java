package io.mig.load;

import java.time.Duration;

/**
 * What one process uses, all its threads together, children not counted.
 *
 * @param pid its pid on this node
 * @param startTicks when it started, in clock ticks since boot: tells it from a later process with
 *     the same pid
 * @param state its state letter (proc_pid_stat(5)): R, S, D, T, Z ...
 * @param cpu processors it kept busy since the sample before, e.g. 1.5; the mean of its life at the
 *     first sample
 * @param cpuTime processor time of its life
 * @param rssBytes resident memory
 */
public record ProcessLoad(
        int pid, long startTicks, char state, double cpu, Duration cpuTime, long rssBytes) {}
