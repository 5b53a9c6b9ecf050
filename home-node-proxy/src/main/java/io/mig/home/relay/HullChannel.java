package io.mig.home.relay;

import java.nio.ByteBuffer;

/**
 * The connection below an endpoint, as far as this package needs it; all methods may be called from
 * any thread.
 */
interface HullChannel {
    /** Queues the bytes; never blocks. Nothing happens when the connection is closed. */
    void send(ByteBuffer bytes);

    /** Bytes queued and not yet taken by the kernel. */
    long pendingBytes();

    /** Stops and restarts reading from the socket. */
    void reading(boolean on);

    void close();
}
