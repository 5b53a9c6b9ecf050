package io.mig.transport;

import io.mig.model.NodeId;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** The other agents of the cluster. Thread-safe. */
public interface PeerNetwork extends AutoCloseable {
    NodeId self();

    /** Starts listening and connecting. */
    void start(PeerHandler handler);

    /** All other nodes of the static list. */
    Set<NodeId> peers();

    PeerState state(NodeId peer);

    /**
     * Asks a peer. Fails with {@link io.mig.model.PeerLostException} when there is no answer
     * (outcome unknown, see there) and with {@link io.mig.model.PeerErrorException} when the peer
     * answered with an error. The future ends on a thread of its own, which may block.
     */
    CompletableFuture<PeerMessage> request(NodeId to, PeerMessage message, Duration timeout);

    /**
     * One way, in order with other sends to the same peer; dropped when the peer is down. A sender
     * that goes on although the peer is not {@link #writable} loses the connection in the end.
     */
    void send(NodeId to, PeerMessage message);

    /** Whether little enough waits to be sent to that peer. */
    boolean writable(NodeId to);

    /**
     * Opens a bulk stream; blocks until the peer has accepted it.
     *
     * @param streamId what it is, at most 200 characters; the receiver's {@link PeerHandler#onBulk}
     *     understands it
     * @throws io.mig.model.PeerLostException when the peer is down
     * @throws io.mig.model.PeerErrorException when it refused
     */
    BulkSender openBulk(NodeId to, String streamId);

    int boundPort();

    @Override
    void close();
}
