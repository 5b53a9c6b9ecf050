package io.mig.files.serve;

import java.nio.ByteBuffer;

/** Takes the answer to one request. Any thread; must not block. */
@FunctionalInterface
public interface Reply {
    void send(ByteBuffer frame);
}
