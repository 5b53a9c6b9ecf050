package io.mig.transport;

import io.mig.model.NodeId;

/** Where a node's agent listens. */
public record PeerAddress(NodeId node, String host, int port) {
    public PeerAddress {
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("port=" + port + " node=" + node);
        }
    }
}
