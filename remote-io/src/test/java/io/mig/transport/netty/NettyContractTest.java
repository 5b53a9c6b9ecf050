package io.mig.transport.netty;

import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.model.NodeId;
import io.mig.transport.PeerNetwork;
import io.mig.transport.PeerNetworkContract;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contract over TLS on loopback, with either TLS provider. */
final class NettyContractTest {
    @Nested
    final class WithJdk extends Contract {
        WithJdk() {
            super(SslProvider.JDK);
        }
    }

    @Nested
    final class WithBoringSsl extends Contract {
        WithBoringSsl() {
            super(SslProvider.OPENSSL_REFCNT);
        }

        @BeforeAll
        static void requireTcnative() {
            assumeThat(OpenSsl.isAvailable())
                    .as("tcnative cannot be loaded here: " + OpenSsl.unavailabilityCause())
                    .isTrue();
        }
    }

    abstract static class Contract extends PeerNetworkContract {
        private final SslProvider provider;
        private @Nullable NettyCluster cluster;

        @TempDir Path directory;

        Contract(SslProvider provider) {
            this.provider = provider;
        }

        @Override
        protected PeerNetwork network(NodeId node) throws Exception {
            NettyCluster known = cluster;
            if (known == null) {
                known = new NettyCluster(directory, provider, ONE, TWO);
                cluster = known;
            }
            return known.network(node, facts(node));
        }

        @Override
        protected void loseConnection() {
            ((NettyPeerNetwork) one).dropConnections("test");
        }
    }
}
