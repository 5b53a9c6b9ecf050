package io.mig.transport;

import io.mig.model.NodeId;

/**
 * What an agent does with what its peers send. Called in order per peer, on a virtual thread that
 * may block.
 */
public interface PeerHandler {
    /**
     * A request; the answer may be given later. Must not block for long: later messages of the peer
     * wait.
     */
    void onRequest(NodeId from, PeerMessage message, Responder responder);

    void onMessage(NodeId from, PeerMessage message);

    void onPeerUp(NodeId peer, PeerFacts facts);

    void onPeerDown(NodeId peer, String why);

    /** A bulk stream begins. */
    BulkReceiver onBulk(NodeId from, String streamId);
}
