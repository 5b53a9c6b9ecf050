package io.mig.home.relay;

import io.mig.transport.local.LocalConnection;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A hull channel on a local connection; counts what was sent since the other end stopped taking it.
 */
final class LocalChannel implements HullChannel {
    private final LocalConnection connection;
    private final AtomicLong pending = new AtomicLong();

    LocalChannel(LocalConnection connection) {
        this.connection = connection;
    }

    @Override
    public void send(ByteBuffer bytes) {
        if (!connection.writable()) {
            pending.addAndGet(bytes.remaining());
        }
        connection.send(bytes);
    }

    void writable() {
        pending.set(0);
    }

    @Override
    public long pendingBytes() {
        return pending.get();
    }

    @Override
    public void reading(boolean on) {
        if (on) {
            connection.resumeReading();
        } else {
            connection.pauseReading();
        }
    }

    @Override
    public void close() {
        connection.abort();
    }
}
