package io.mig.home.relay;

import io.mig.model.NodeId;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;

/** What the router needs of the network. */
public interface RelayPeers {
    NodeId self();

    /** One way, in order per peer, dropped when the peer is down. */
    void send(NodeId to, PeerMessage message);

    boolean writable(NodeId to);

    /** Straight to the network. */
    static RelayPeers of(PeerNetwork network) {
        return new RelayPeers() {
            @Override
            public NodeId self() {
                return network.self();
            }

            @Override
            public void send(NodeId to, PeerMessage message) {
                network.send(to, message);
            }

            @Override
            public boolean writable(NodeId to) {
                return network.writable(to);
            }
        };
    }
}
