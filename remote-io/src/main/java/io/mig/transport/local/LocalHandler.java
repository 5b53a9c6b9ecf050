package io.mig.transport.local;

import java.nio.ByteBuffer;

/** One connection's events, in order, never two at a time, on an event loop: must not block. */
public interface LocalHandler {
    void onOpen(LocalConnection connection);

    /** The buffer is only valid during the call. */
    void onBytes(ByteBuffer bytes);

    /** Whether more may be sent without queueing much; called on changes. */
    default void onWritable(boolean writable) {}

    void onClosed();
}
