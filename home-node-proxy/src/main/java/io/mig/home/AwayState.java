package io.mig.home;

/** How a process that is away is doing, as its home knows it. */
public enum AwayState {
    RUNNING,
    /** Its root was stopped (job control). */
    STOPPED,
    /** No connection to the node that owns it; it may be running. */
    UNREACHABLE,
    /** The owner is there and has no such body: it is gone, its deputies wait for nothing. */
    LOST
}
