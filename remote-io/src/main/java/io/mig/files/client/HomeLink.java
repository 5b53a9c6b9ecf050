package io.mig.files.client;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** The way to one home's {@code FileService}. Thread-safe. */
@FunctionalInterface
public interface HomeLink {
    /**
     * Sends a request. Must not block.
     *
     * @param frame not changed afterwards
     * @return the answer; fails when it is not known whether or what home answered: then the same
     *     frame is sent again later
     */
    CompletableFuture<ByteBuffer> call(ByteBuffer frame);
}
