package io.mig.transport.netty;

/** One end of a bulk stream, which ends with the control connection of its peer. */
interface Bulk {
    /** The peer is gone. Any thread; does not block. */
    void lost(String why);
}
