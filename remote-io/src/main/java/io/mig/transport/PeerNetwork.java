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
     * As {@link #request}, for conversations of many small questions: the future ends on the
     * connection's own thread, so what depends on it must not block, and its time may be half a
     * second late.
     */
    default CompletableFuture<PeerMessage> requestInline(
            NodeId to, PeerMessage message, Duration timeout) {
        return request(to, message, timeout);
    }

    /** Whether a reply may be given by any thread, because giving it only hands bytes over. */
    default boolean repliesFromAnyThread() {
        return false;
    }

    /**
     * One way, in order with other sends to the same peer; dropped when the peer is down. A sender
     * that goes on although the peer is not {@link #writable} loses the connection in the end.
     */
    void send(NodeId to, PeerMessage message);

    /** How the connection to a peer does. */
    default LinkLoad load(NodeId to) {
        return LinkLoad.IDLE;
    }

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
