package io.mig.transport;

import io.mig.model.NodeId;

/**
 * What an agent does with what its peers send. Called in order per peer, on a virtual thread that
 * may block.
 */
public interface PeerHandler {
    /**
     * Whether requests or messages of a type are handed over on the connection's own thread,
     * perhaps before others that came earlier: then {@link #onRequest} and {@link #onMessage} must
     * not block at all. Answers to {@link PeerNetwork#requestInline} and messages of such a type
     * keep the order in which the peer sent them.
     */
    default boolean inline(int type) {
        return false;
    }

    /**
     * A request; the answer may be given later. Must not block for long: later messages of the peer
     * wait.
     */
    void onRequest(NodeId from, PeerMessage message, Responder responder);

    void onMessage(NodeId from, PeerMessage message);

    void onPeerUp(NodeId peer, PeerFacts facts);

    void onPeerDown(NodeId peer, String why);

    /** The peer takes more again after {@link PeerNetwork#writable} was false. */
    default void onWritable(NodeId peer) {}

    /**
     * A bulk stream begins. Throwing a {@link io.mig.model.MigException} refuses it; the sender is
     * told the message.
     */
    BulkReceiver onBulk(NodeId from, String streamId);
}
