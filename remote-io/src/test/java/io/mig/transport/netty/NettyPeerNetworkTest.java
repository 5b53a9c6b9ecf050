package io.mig.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.model.PeerErrorException;
import io.mig.model.PeerLostException;
import io.mig.transport.BulkReceiver;
import io.mig.transport.BulkSender;
import io.mig.transport.PeerAddress;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.Responder;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NettyPeerNetworkTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");

    @TempDir Path directory;
    private NettyPeerNetwork a;
    private NettyPeerNetwork b;
    private final Echo atA = new Echo();
    private final Echo atB = new Echo();

    @BeforeEach
    void connectTwo() throws Exception {
        TestAuthority authority = new TestAuthority(directory.resolve("one"));
        List<PeerAddress> peers = List.of(address(A), address(B));
        a = new NettyPeerNetwork(facts(A), config(peers, A), authority.issue("test", "a"));
        b = new NettyPeerNetwork(facts(B), config(peers, B), authority.issue("test", "b"));
        b.start(atB);
        a.start(atA);
        await().until(() -> a.state(B).up() && b.state(A).up());
    }

    @AfterEach
    void close() {
        a.close();
        b.close();
    }

    @Test
    void shouldAnswerRequestsInBothDirections() throws Exception {
        assertThat(
                        a.request(B, message("hello"), Duration.ofSeconds(5))
                                .get()
                                .body()
                                .toStringUtf8())
                .isEqualTo("b got hello");
        assertThat(b.request(A, message("hi"), Duration.ofSeconds(5)).get().body().toStringUtf8())
                .isEqualTo("b got hi");
    }

    @Test
    void shouldTellTheOtherSidesErrorInItsWords() {
        assertThatThrownBy(() -> a.request(B, message("fail"), Duration.ofSeconds(5)).get())
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(PeerErrorException.class)
                .hasMessage("no such luck");
    }

    @Test
    void shouldKeepOrderOfOneWayMessages() {
        for (int i = 0; i < 1000; i++) {
            a.send(B, message(Integer.toString(i)));
        }
        await().until(() -> atB.oneWay.size() == 1000);
        assertThat(atB.oneWay.stream().mapToInt(Integer::parseInt).toArray()).isSorted();
    }

    @Test
    void shouldCarryABulkStreamWhole() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
        try (BulkSender out = a.openBulk(B, "x")) {
            for (int i = 0; i < 64; i++) {
                out.write(buffer.clear());
            }
            out.finish();
        }
        assertThat(atB.bulkBytes).hasValue(64L << 20);
        assertThat(atB.bulkEnd).containsExactly("finished");
    }

    @Test
    void shouldTellTheReceiverWhenTheSenderGivesUp() {
        try (BulkSender out = a.openBulk(B, "x")) {
            out.write(ByteBuffer.allocateDirect(10));
            out.abort("changed my mind");
        }
        await().until(() -> !atB.bulkEnd.isEmpty());
        assertThat(atB.bulkEnd).containsExactly("aborted: changed my mind");
    }

    @Test
    void shouldSayThatTheOutcomeIsUnknownWhenThePeerDies() {
        var answer = a.request(B, message("ignore"), Duration.ofSeconds(20));
        b.close();
        assertThatThrownBy(answer::get)
                .cause()
                .isInstanceOf(PeerLostException.class)
                .hasMessageContaining("unknown");
        await().until(() -> !a.state(B).up());
    }

    @Test
    void shouldCloseConnectionsThatTalkGarbage() throws Exception {
        try (Socket socket = new Socket(java.net.InetAddress.getLoopbackAddress(), b.boundPort())) {
            socket.getOutputStream()
                    .write(
                            "GET / HTTP/1.0\r\n\r\n"
                                    .repeat(100)
                                    .getBytes(java.nio.charset.StandardCharsets.UTF_8));
            while (socket.getInputStream().read() >= 0) {
                // until the other side has closed
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("reset");
        }
        assertThat(a.state(B).up()).isTrue();
    }

    @Test
    void shouldRefuseANodeOfAnotherAuthority() throws Exception {
        TestAuthority other = new TestAuthority(directory.resolve("other"));
        NodeId c = new NodeId("a");
        try (NettyPeerNetwork stranger =
                new NettyPeerNetwork(
                        facts(c),
                        NetworkConfig.of(
                                "127.0.0.1",
                                0,
                                List.of(new PeerAddress(B, "127.0.0.1", b.boundPort()))),
                        other.issue("test", "a"))) {
            stranger.start(new Echo());
            assertThatThrownBy(() -> stranger.openBulk(B, "x"))
                    .isInstanceOf(PeerLostException.class);
            assertThat(stranger.state(B).up()).isFalse();
            assertThat(a.state(B).up()).isTrue();
        }
    }

    private final Map<NodeId, Integer> ports = Map.of(A, freePort(), B, freePort());

    private PeerAddress address(NodeId node) {
        return new PeerAddress(node, "127.0.0.1", ports.getOrDefault(node, 0));
    }

    private NetworkConfig config(List<PeerAddress> peers, NodeId node) {
        return NetworkConfig.of("127.0.0.1", ports.getOrDefault(node, 0), peers);
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static PeerFacts facts(NodeId node) {
        return new PeerFacts(
                node, "test", 1, 1, "boot", "4.2.1", Set.of("fpu"), "6", "amd64", 1, 1, Map.of());
    }

    private static PeerMessage message(String text) {
        return new PeerMessage(1, ByteString.copyFromUtf8(text));
    }

    private static final class Echo implements PeerHandler, BulkReceiver {
        private final ConcurrentLinkedQueue<String> oneWay = new ConcurrentLinkedQueue<>();
        private final AtomicLong bulkBytes = new AtomicLong();
        private final ConcurrentLinkedQueue<String> bulkEnd = new ConcurrentLinkedQueue<>();

        @Override
        public void onRequest(NodeId from, PeerMessage message, Responder responder) {
            String text = message.body().toStringUtf8();
            if (text.equals("fail")) {
                responder.fail(ErrorCode.REFUSED, "no such luck");
            } else if (!text.equals("ignore")) {
                responder.reply(message("b got " + text));
            }
        }

        @Override
        public void onMessage(NodeId from, PeerMessage message) {
            oneWay.add(message.body().toStringUtf8());
        }

        @Override
        public void onPeerUp(NodeId peer, PeerFacts facts) {}

        @Override
        public void onPeerDown(NodeId peer, String why) {}

        @Override
        public BulkReceiver onBulk(NodeId from, String streamId) {
            return this;
        }

        @Override
        public void onBytes(ByteBuffer bytes) {
            bulkBytes.addAndGet(bytes.remaining());
        }

        @Override
        public void onFinished() {
            bulkEnd.add("finished");
        }

        @Override
        public void onAborted(String why) {
            bulkEnd.add("aborted: " + why);
        }
    }
}
