package io.mig.checkpoint.proc;

/**
 * The little that is read of every process of the machine, for listings and CPU sampling.
 *
 * @param uid effective user id
 * @param cpuTicks user and system time so far, in clock ticks
 * @param kernelThread has no user memory and can never move
 */
public record ProcSample(
        int pid,
        int ppid,
        int uid,
        char state,
        long startTicks,
        long cpuTicks,
        long rssBytes,
        int threads,
        String comm,
        boolean kernelThread) {}
