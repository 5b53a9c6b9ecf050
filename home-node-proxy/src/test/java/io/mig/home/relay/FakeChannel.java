package io.mig.home.relay;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Remembers what an endpoint sent. */
final class FakeChannel implements HullChannel {
    final List<Frame> sent = new ArrayList<>();
    final List<Boolean> reading = new ArrayList<>();
    long pending;
    boolean closed;

    @Override
    public void send(ByteBuffer bytes) {
        try {
            sent.addAll(FrameCodec.decodeAll(bytes));
        } catch (FrameException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public long pendingBytes() {
        return pending;
    }

    @Override
    public void reading(boolean on) {
        reading.add(on);
    }

    @Override
    public void close() {
        closed = true;
    }
}
