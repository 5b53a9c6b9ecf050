package io.mig.transport;

import java.nio.ByteBuffer;

/**
 * Takes the bytes of one bulk stream, in order, on one thread at a time that may block (the sender
 * then waits).
 */
public interface BulkReceiver {
    /** The buffer is only valid during the call. */
    void onBytes(ByteBuffer bytes);

    /** The sender finished and all bytes were delivered. */
    void onFinished();

    void onAborted(String why);
}
