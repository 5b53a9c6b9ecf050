package io.mig.transport.netty;

import io.mig.model.NodeId;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerNetwork;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Path;

/** Two nodes on loopback with real TLS, not started: for measurements in other packages. */
public record TlsPair(PeerNetwork first, PeerNetwork second) {
    /**
     * @param directory an empty one, for certificates
     */
    public static TlsPair in(Path directory, PeerFacts first, PeerFacts second) throws IOException {
        NodeId a = first.node();
        NodeId b = second.node();
        NettyCluster cluster = new NettyCluster(directory, SslProvider.OPENSSL_REFCNT, a, b);
        return new TlsPair(cluster.network(a, first), cluster.network(b, second));
    }
}
