package io.mig.transport.local;

import java.nio.ByteBuffer;

/** The sending side of a connection; any thread. */
public interface LocalConnection {
    LocalPeer peer();

    /**
     * Queues bytes (copied before return); ignored after close. Who goes on although the connection
     * is not {@link #writable} loses it when 64 MiB wait.
     */
    void send(ByteBuffer bytes);

    boolean writable();

    /** Stops delivering bytes: the other end's writes will block. */
    void pauseReading();

    void resumeReading();

    /** Sends what is queued, then closes. */
    void close();

    /** Closes at once; what is queued is dropped. For a client that does not read its answer. */
    void abort();
}
