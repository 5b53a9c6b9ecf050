package io.mig.files.link;

import io.mig.files.client.HomeLink;
import io.mig.files.wire.BadFrameException;
import io.mig.model.NodeId;
import io.mig.transport.PeerMessage;
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
    private final Packer packer;

    public PeerHomeLink(PeerNetwork network, NodeId home) {
        this.network = network;
        this.home = home;
        this.packer = new Packer(network);
    }

    @Override
    public CompletableFuture<ByteBuffer> call(ByteBuffer frame) {
        return network.requestInline(
                        home,
                        packer.message(
                                home, frame, FileMessages.REQUEST, FileMessages.PACKED_REQUEST),
                        PATIENCE)
                .thenApply(PeerHomeLink::frame);
    }

    private static ByteBuffer frame(PeerMessage reply) {
        if (reply.type() != FileMessages.PACKED_REPLY) {
            return FileMessages.frame(reply.body());
        }
        try {
            return Packer.unpack(reply);
        } catch (BadFrameException e) {
            throw new IllegalStateException(e);
        }
    }
}
