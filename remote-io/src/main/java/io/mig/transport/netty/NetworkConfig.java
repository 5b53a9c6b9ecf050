package io.mig.transport.netty;

import io.mig.transport.PeerAddress;
import java.time.Duration;
import java.util.List;

/**
 * How agents reach each other.
 *
 * @param peers all nodes; this one may be among them
 * @param heartbeat pause after which something is sent anyway
 * @param silence time without a byte after which a peer counts as lost
 * @param greeting time for TLS and hello of a new connection
 */
public record NetworkConfig(
        String listenHost,
        int listenPort,
        List<PeerAddress> peers,
        Duration heartbeat,
        Duration silence,
        Duration greeting) {
    public NetworkConfig {
        peers = List.copyOf(peers);
    }

    public static NetworkConfig of(String listenHost, int listenPort, List<PeerAddress> peers) {
        return new NetworkConfig(
                listenHost,
                listenPort,
                peers,
                Duration.ofMillis(500),
                Duration.ofSeconds(3),
                Duration.ofSeconds(5));
    }
}
