package io.mig.transport.netty;

import com.google.protobuf.ByteString;
import com.sun.management.OperatingSystemMXBean;
import io.mig.model.NodeId;
import io.mig.transport.BulkReceiver;
import io.mig.transport.BulkSender;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.Responder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * How fast a bulk stream is on loopback, both ends in this JVM, and how long a small request takes.
 * Not a test: run {@code main} with the number of GiB per round. On a busy machine look at the
 * processor time, not at the rate.
 */
final class BulkBenchmark {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final int PIECE = 1 << 20;
    private static final int ROUNDS = 5;
    private static final int REQUESTS = 2000;

    private BulkBenchmark() {}

    public static void main(String[] args) throws Exception {
        int gib = args.length == 0 ? 1 : Integer.parseInt(args[0]);
        for (SslProvider provider :
                new SslProvider[] {SslProvider.OPENSSL_REFCNT, SslProvider.JDK}) {
            Path directory = Files.createTempDirectory("bulk-benchmark");
            try {
                measure(directory, provider, gib);
            } finally {
                delete(directory);
            }
        }
    }

    private static void measure(Path directory, SslProvider provider, int gib) throws Exception {
        NettyCluster cluster = new NettyCluster(directory, provider, A, B);
        try (NettyPeerNetwork a = cluster.network(A, facts(A));
                NettyPeerNetwork b = cluster.network(B, facts(B))) {
            b.start(new Sink());
            a.start(new Sink());
            while (!a.state(B).up() || !b.state(A).up()) {
                Thread.onSpinWait();
            }
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
            for (int round = 0; round < ROUNDS; round++) {
                OperatingSystemMXBean self =
                        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
                long cpu = self.getProcessCpuTime();
                long start = System.nanoTime();
                try (BulkSender sender = a.openBulk(B, "bench")) {
                    for (int i = 0; i < gib << 10; i++) {
                        sender.write(piece.clear());
                    }
                    sender.finish();
                }
                double seconds = (System.nanoTime() - start) / 1e9;
                double bytes = (double) ((long) gib << 30);
                System.out.printf(
                        Locale.ROOT,
                        "%s round %d: %.2f GB/s, %.2f s of processor time per GB%n",
                        provider,
                        round,
                        bytes / seconds / 1e9,
                        (self.getProcessCpuTime() - cpu) / bytes);
            }
            requests(a, provider);
        }
    }

    private static void requests(NettyPeerNetwork a, SslProvider provider) {
        PeerMessage small = new PeerMessage(1, ByteString.copyFrom(new byte[100]));
        long[] micros = new long[REQUESTS];
        for (int i = 0; i < REQUESTS; i++) {
            long start = System.nanoTime();
            a.request(B, small, Duration.ofSeconds(5)).join();
            micros[i] = (System.nanoTime() - start) / 1000;
        }
        Arrays.sort(micros);
        System.out.printf(
                "%s request of 100 bytes: median %d us, p99 %d us%n",
                provider, micros[REQUESTS / 2], micros[REQUESTS * 99 / 100]);
    }

    private static PeerFacts facts(NodeId node) {
        return new PeerFacts(node, "bench", 1, 1, "boot", "", Set.of(), "", "", 1, 1, Map.of());
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted((x, y) -> y.compareTo(x)).toList()) {
                Files.delete(file);
            }
        }
    }

    private static final class Sink implements PeerHandler, BulkReceiver {
        @Override
        public void onRequest(NodeId from, PeerMessage message, Responder responder) {
            responder.reply(message);
        }

        @Override
        public void onMessage(NodeId from, PeerMessage message) {}

        @Override
        public void onPeerUp(NodeId peer, PeerFacts peerFacts) {}

        @Override
        public void onPeerDown(NodeId peer, String why) {}

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
