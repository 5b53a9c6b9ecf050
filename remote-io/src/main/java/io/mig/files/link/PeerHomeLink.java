package io.mig.files.link;

import io.mig.files.client.HomeLink;
import io.mig.model.NodeId;
import io.mig.transport.PeerNetwork;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Asks a home over the agents' connection. */
public final class PeerHomeLink implements HomeLink {
    /** Waiting for a lock may take for ever: then the same request is sent again and again. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final PeerNetwork network;
    private final NodeId home;

    public PeerHomeLink(PeerNetwork network, NodeId home) {
        this.network = network;
        this.home = home;
    }

    @Override
    public CompletableFuture<ByteBuffer> call(ByteBuffer frame) {
        return network.request(home, FileMessages.message(FileMessages.REQUEST, frame), PATIENCE)
                .thenApply(reply -> FileMessages.frame(reply.body()));
    }
}
