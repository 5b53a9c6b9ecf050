package io.mig.transport;

import java.nio.ByteBuffer;

/** Sends one bulk stream over a connection of its own. One owner thread. */
public interface BulkSender extends AutoCloseable {
    /**
     * Sends the remaining bytes of a direct buffer; returns when the buffer may be reused. Blocks
     * while the link is behind.
     *
     * @throws io.mig.model.PeerLostException when the connection is gone
     */
    void write(ByteBuffer bytes);

    /** Ends the stream; returns when the receiver has confirmed everything. */
    void finish();

    /** Ends the stream as a failure. */
    void abort(String why);

    /** Aborts unless finished. */
    @Override
    void close();
}
