package io.mig.bench;

import com.google.protobuf.ByteString;
import io.mig.model.NodeId;
import io.mig.transport.BulkReceiver;
import io.mig.transport.BulkSender;
import io.mig.transport.PeerAddress;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.Responder;
import io.mig.transport.netty.NettyPeerNetwork;
import io.mig.transport.netty.NetworkConfig;
import io.mig.transport.netty.TlsIdentity;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/**
 * What one TLS connection of our transport carries between two nodes of a lab, as a reference for
 * {@code mig bench io}. One JVM on each node, with the identity of the node, beside its agent:
 * {@code LinkRate CLUSTER SELF ADDRESS PEER ADDRESS MEBIBYTES [sink]}. The sender prints bytes per
 * second of each of five rounds; the sink ends when the sender has gone.
 */
final class LinkRate {
    /** The agents' own is 7420; a lab node's network is ours alone. */
    private static final int PORT = 7521;

    private static final int PIECE = 1 << 20;
    private static final int ROUNDS = 5;

    private LinkRate() {}

    public static void main(String[] args) throws Exception {
        NodeId self = new NodeId(args[1]);
        NodeId peer = new NodeId(args[3]);
        int mebibytes = Integer.parseInt(args[5]);
        Handler handler = new Handler();
        try (NettyPeerNetwork network =
                new NettyPeerNetwork(
                        new PeerFacts(
                                self, args[0], 1, 1, "boot", "", Set.of(), "", "", 1, 1, Map.of()),
                        new NetworkConfig(
                                args[2],
                                PORT,
                                List.of(
                                        new PeerAddress(self, args[2], PORT),
                                        new PeerAddress(peer, args[4], PORT)),
                                Duration.ofMillis(200),
                                Duration.ofSeconds(5),
                                Duration.ofSeconds(5)),
                        TlsIdentity.in(Path.of("/etc/mig/pki"), args[0]))) {
            network.start(handler);
            handler.up.await();
            if (args.length > 6) {
                handler.down.await();
                return;
            }
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
            for (int round = 0; round < ROUNDS; round++) {
                long start = System.nanoTime();
                try (BulkSender sender = network.openBulk(peer, "rate")) {
                    for (int i = 0; i < mebibytes; i++) {
                        sender.write(piece.clear());
                    }
                    sender.finish();
                }
                double seconds = (System.nanoTime() - start) / 1e9;
                System.out.printf("link %.3f%n", ((long) mebibytes << 20) / seconds / 1e6);
            }
        }
    }

    private static final class Handler implements PeerHandler, BulkReceiver {
        private final CountDownLatch up = new CountDownLatch(1);
        private final CountDownLatch down = new CountDownLatch(1);

        @Override
        public void onRequest(NodeId from, PeerMessage message, Responder responder) {
            responder.reply(new PeerMessage(message.type(), ByteString.EMPTY));
        }

        @Override
        public void onMessage(NodeId from, PeerMessage message) {}

        @Override
        public void onPeerUp(NodeId peer, PeerFacts facts) {
            up.countDown();
        }

        @Override
        public void onPeerDown(NodeId peer, String why) {
            down.countDown();
        }

        @Override
        public BulkReceiver onBulk(NodeId from, String streamId) {
            return this;
        }

        @Override
        public void onBytes(ByteBuffer bytes) {}

        @Override
        public void onFinished() {}

        @Override
        public void onAborted(String why) {}
    }
}
