package io.mig.transport.netty;

import io.mig.model.NodeId;
import io.mig.pki.ClusterAuthority;
import io.mig.pki.NodeIdentity;
import io.mig.transport.PeerAddress;
import io.mig.transport.PeerFacts;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** Makes networks of a cluster on loopback with impatient timings. */
final class NettyCluster {
    static final Duration SILENCE = Duration.ofMillis(900);
    static final Duration GREETING = Duration.ofMillis(1500);

    private final Path directory;
    private final ClusterAuthority authority;
    private final List<PeerAddress> addresses = new ArrayList<>();
    private final SslProvider provider;
    private int made;

    NettyCluster(Path directory, SslProvider provider, NodeId... nodes) throws IOException {
        this.directory = directory;
        this.authority =
                ClusterAuthority.init(
                        directory.resolve("authority"), "lab", InstantSource.system());
        this.provider = provider;
        for (NodeId node : nodes) {
            addresses.add(new PeerAddress(node, "127.0.0.1", freePort()));
        }
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    PeerAddress address(NodeId node) {
        return addresses.stream()
                .filter(address -> address.node().equals(node))
                .findFirst()
                .orElseThrow();
    }

    static PeerAddress loopback(NodeId node, int port) {
        return new PeerAddress(node, InetAddress.getLoopbackAddress().getHostAddress(), port);
    }

    NodeIdentity issue(NodeId node) throws IOException {
        return authority.issue(node);
    }

    NettyPeerNetwork network(NodeId node, PeerFacts facts) throws IOException {
        return network(issue(node), facts, address(node).port(), addresses);
    }

    /** Any identity, any facts: also such as do not fit. */
    NettyPeerNetwork network(
            NodeIdentity identity, PeerFacts facts, int port, List<PeerAddress> peers)
            throws IOException {
        Path own = directory.resolve("node" + made++);
        identity.save(own);
        return new NettyPeerNetwork(
                facts,
                new NetworkConfig(
                        "127.0.0.1", port, peers, Duration.ofMillis(100), SILENCE, GREETING),
                TlsIdentity.in(own, identity.cluster()),
                provider);
    }
}
