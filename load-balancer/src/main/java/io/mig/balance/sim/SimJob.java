package io.mig.balance.sim;

/**
 * A process of a scenario.
 *
 * @param arrival when it is started, in seconds
 * @param home position of the node it is started on
 * @param work processor time it needs, in seconds of a processor of speed 1
 * @param bytes memory it has in the end; a third of it at the start, all after a fifth of its work
 * @param forked whether it is a mere fork, which runs where its parent is: nothing can place it
 * @param dirtyBytesPerSecond memory it writes to
 * @param homeBytesPerSecond I/O through its home
 */
public record SimJob(
        double arrival,
        int home,
        double work,
        double bytes,
        boolean forked,
        double dirtyBytesPerSecond,
        double homeBytesPerSecond) {}
