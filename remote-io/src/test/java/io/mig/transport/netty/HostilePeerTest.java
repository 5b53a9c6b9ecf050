package io.mig.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.protobuf.ByteString;
import io.mig.model.NodeId;
import io.mig.model.PeerLostException;
import io.mig.pki.ClusterAuthority;
import io.mig.pki.NodeIdentity;
import io.mig.transport.BulkSender;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerMessage;
import io.mig.transport.RecordingHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What an agent does with connections that are not what they should be. */
@Timeout(60)
final class HostilePeerTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final NodeId C = new NodeId("c");
    private static final Duration SECONDS = Duration.ofSeconds(15);

    @TempDir Path directory;

    private final RecordingHandler handler = new RecordingHandler();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private NettyCluster cluster;
    private NettyPeerNetwork b;

    @BeforeEach
    void start() throws IOException {
        log.start();
        logger().addAppender(log);
        cluster = new NettyCluster(directory, TlsContexts.best(), A, B);
        b = cluster.network(B, facts(B, 1, 1));
        b.start(handler);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        b.close();
        logger().detachAppender(log);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("io.mig.transport.netty");
    }

    private static PeerFacts facts(NodeId node, int min, int max) {
        return new PeerFacts(
                node, "test", min, max, "boot", "4.2.1", Set.of(), "6", "amd64", 1, 1, Map.of());
    }

    private <T extends AutoCloseable> T closing(T resource) {
        open.add(resource);
        return resource;
    }

    private NettyPeerNetwork intruder(NodeIdentity identity, PeerFacts facts) throws IOException {
        NettyPeerNetwork network =
                closing(cluster.network(identity, facts, 0, List.of(cluster.address(B))));
        network.start(new RecordingHandler());
        return network;
    }

    private long warnings(String text) {
        synchronized (log) {
            return List.copyOf(log.list).stream()
                    .map(ILoggingEvent::getFormattedMessage)
                    .filter(line -> line.contains(text))
                    .count();
        }
    }

    private RawPeer raw() throws Exception {
        return closing(new RawPeer(cluster.issue(A), b.boundPort()));
    }

    private static byte[] hello() {
        return Wire.hello(facts(A, 1, 1), "").toByteArray();
    }

    @Test
    void shouldCloseWithOneLineWhenGarbageComes() throws Exception {
        for (int i = 0; i < 5; i++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), b.boundPort())) {
                socket.getOutputStream()
                        .write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                readToEnd(socket);
            }
        }
        await().atMost(SECONDS)
                .untilAsserted(() -> assertThat(warnings("it does not speak TLS")).isEqualTo(1));
    }

    private static void readToEnd(Socket socket) throws IOException {
        try {
            InputStream in = socket.getInputStream();
            while (in.read() >= 0) {
                // an alert, perhaps
            }
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @Test
    void shouldCloseWhenNothingIsSaidInTime() throws Exception {
        long start = System.nanoTime();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), b.boundPort())) {
            readToEnd(socket);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SECONDS);
        await().atMost(SECONDS)
                .untilAsserted(() -> assertThat(warnings("connection refused")).isEqualTo(1));
    }

    @Test
    void shouldCloseWhenTlsIsUpButNoHelloComesInTime() throws Exception {
        RawPeer peer = raw();
        peer.sendRaw(Wire.HEADER + hello().length);

        peer.awaitEnd();

        await().atMost(SECONDS)
                .untilAsserted(
                        () ->
                                assertThat(warnings("did not introduce itself within 1500 ms"))
                                        .isEqualTo(1));
    }

    @Test
    void shouldRefuseWhenTheCertificateIsOfAnotherAuthority() throws Exception {
        NodeIdentity foreign =
                ClusterAuthority.init(directory.resolve("other"), "lab", Instant::now).issue(A);
        NettyPeerNetwork intruder = intruder(foreign, facts(A, 1, 1));

        await().atMost(SECONDS)
                .untilAsserted(
                        () -> {
                            assertThat(warnings("connection refused") + warnings("cannot connect"))
                                    .isGreaterThanOrEqualTo(2);
                            assertThat(warnings("of another authority")).isPositive();
                        });
        assertThat(intruder.state(B).up()).isFalse();
        assertThat(b.state(A).up()).isFalse();
        assertThatThrownBy(() -> intruder.openBulk(B, "x")).isInstanceOf(PeerLostException.class);
        assertThat(handler.events).isEmpty();
    }

    @Test
    void shouldRefuseWhenTheCertificateHasExpired() throws Exception {
        // the same authority gave out a certificate that is over by now
        ClusterAuthority authority =
                ClusterAuthority.open(
                                directory.resolve("authority"),
                                () -> Instant.now().minus(Duration.ofDays(500)))
                        .orElseThrow();
        intruder(authority.issue(A), facts(A, 1, 1));

        await().atMost(SECONDS)
                .untilAsserted(() -> assertThat(warnings("expired at")).isPositive());
        assertThat(b.state(A).up()).isFalse();
    }

    @Test
    void shouldRefuseWhenHelloAndCertificateNameDifferentNodes() throws Exception {
        NettyPeerNetwork intruder = intruder(cluster.issue(A), facts(new NodeId("a2"), 1, 1));

        await().atMost(SECONDS)
                .untilAsserted(
                        () ->
                                assertThat(intruder.state(B).why())
                                        .contains("refuses this node")
                                        .contains(
                                                "node=a (by its certificate) says it is node=a2"));
        assertThat(warnings("connection refused")).isEqualTo(1);
        assertThat(handler.events).isEmpty();
    }

    @Test
    void shouldRefuseWhenTheNodeIsNotListed() throws Exception {
        NodeId stranger = new NodeId("a1");
        NettyPeerNetwork intruder = intruder(cluster.issue(stranger), facts(stranger, 1, 1));

        await().atMost(SECONDS)
                .untilAsserted(
                        () ->
                                assertThat(intruder.state(B).why())
                                        .contains("node=a1 is not in the list of nodes of node=b"));
    }

    @Test
    void shouldRefuseWhenThereIsNoCommonVersion() throws Exception {
        NettyPeerNetwork intruder = intruder(cluster.issue(A), facts(A, 2, 3));

        await().atMost(SECONDS)
                .untilAsserted(
                        () ->
                                assertThat(intruder.state(B).why())
                                        .contains(
                                                "install releases of mig that have one in common"));
    }

    @Test
    void shouldNotSpeakWhenAnotherNodeAnswersAtTheAddress() throws Exception {
        NettyPeerNetwork a =
                closing(
                        cluster.network(
                                cluster.issue(A),
                                facts(A, 1, 1),
                                0,
                                List.of(
                                        NettyCluster.loopback(C, b.boundPort()),
                                        cluster.address(B))));
        a.start(new RecordingHandler());

        await().atMost(SECONDS).until(() -> a.state(B).up());
        await().atMost(SECONDS)
                .untilAsserted(
                        () ->
                                assertThat(a.state(C).why())
                                        .contains("another node answers there: node=b"));
        assertThat(a.state(C).up()).isFalse();
    }

    @Test
    void shouldLoseThePeerWhenItsFrameIsTooLong() throws Exception {
        RawPeer peer = raw();
        peer.send(Wire.HELLO, hello());
        assertThat(peer.read()).isEqualTo(Wire.HELLO);
        await().atMost(SECONDS).until(() -> b.state(A).up());

        peer.sendRaw(Integer.MAX_VALUE);

        peer.awaitEnd();
        await().atMost(SECONDS).until(() -> !b.state(A).up());
        assertThat(b.state(A).why()).contains("frame").contains("exceeds");
    }

    @Test
    void shouldLoseThePeerWhenItSaysNothingMore() throws Exception {
        RawPeer peer = raw();
        peer.send(Wire.HELLO, hello());
        await().atMost(SECONDS).until(() -> b.state(A).up());
        var answer = b.request(A, new PeerMessage(1, ByteString.EMPTY), SECONDS);

        peer.awaitEnd();

        assertThatThrownBy(answer::join).cause().isInstanceOf(PeerLostException.class);
        assertThat(b.state(A).why()).isEqualTo("nothing heard for 900 ms");
        assertThat(warnings("peer is down")).isEqualTo(1);
    }

    @Test
    void shouldStayConnectedWhenIdle() throws Exception {
        NettyPeerNetwork a = closing(cluster.network(A, facts(A, 1, 1)));
        a.start(new RecordingHandler());
        await().atMost(SECONDS).until(() -> a.state(B).up() && b.state(A).up());
        Instant since = a.state(B).since();

        await().pollDelay(NettyCluster.SILENCE.multipliedBy(2)).until(() -> true);

        assertThat(a.state(B).up()).isTrue();
        assertThat(a.state(B).since()).isEqualTo(since);
    }

    @Test
    void shouldStayConnectedWhileItsHandlerIsBusyAndThePeerMustWait() throws Exception {
        NettyPeerNetwork a = closing(cluster.network(A, facts(A, 1, 1)));
        a.start(new RecordingHandler());
        await().atMost(SECONDS).until(() -> a.state(B).up() && b.state(A).up());
        handler.gate = new CountDownLatch(1);
        PeerMessage megabyte = new PeerMessage(9, ByteString.copyFrom(new byte[1 << 20]));
        int sent = 0;
        // b stops reading, TCP fills, then a is told to wait
        while (sent < 64 && a.writable(B)) {
            a.send(B, megabyte);
            sent++;
            await().pollDelay(Duration.ofMillis(5)).until(() -> true);
        }
        int total = sent;
        assertThat(a.writable(B)).as("after " + total + " MiB").isFalse();
        await().pollDelay(NettyCluster.SILENCE.multipliedBy(2)).until(() -> true);
        assertThat(a.state(B).up()).isTrue();
        assertThat(b.state(A).up()).isTrue();

        handler.gate.countDown();

        await().atMost(SECONDS)
                .until(
                        () ->
                                handler.events.stream().filter(e -> e.endsWith("bytes")).count()
                                        == total);
        await().atMost(SECONDS).until(() -> a.writable(B));
    }

    @Test
    void shouldSayOnceThatAPeerIsAwayAndConnectWhenItComes() throws Exception {
        int port = NettyCluster.freePort();
        NettyPeerNetwork a =
                closing(
                        cluster.network(
                                cluster.issue(A),
                                facts(A, 1, 1),
                                0,
                                List.of(NettyCluster.loopback(C, port))));
        a.start(new RecordingHandler());
        await().pollDelay(Duration.ofMillis(1200)).until(() -> !a.state(C).up());
        NettyPeerNetwork late =
                closing(
                        cluster.network(
                                cluster.issue(C),
                                facts(C, 1, 1),
                                port,
                                List.of(cluster.address(A))));
        late.start(new RecordingHandler());
        await().atMost(SECONDS).until(() -> a.state(C).up());
        assertThat(warnings("cannot connect")).isEqualTo(1);
        assertThat(warnings("peer is up: peer=c")).isEqualTo(1);
    }

    @Test
    void shouldEndAStreamWhenTheSenderOnlyPretendsToBeAlive() throws Exception {
        NettyPeerNetwork a = closing(cluster.network(A, facts(A, 1, 1)));
        a.start(new RecordingHandler());
        await().atMost(SECONDS).until(() -> a.state(B).up() && b.state(A).up());
        BulkSender sender = closing(a.openBulk(B, "half"));
        sender.write(ByteBuffer.allocateDirect(100));

        b.dropConnections("power cut");

        await().atMost(SECONDS).until(() -> handler.expect("half").end.startsWith("aborted: "));
        assertThat(handler.expect("half").end).contains("power cut");
    }

    @Test
    void shouldRefuseABulkChunkThatIsTooLong() throws Exception {
        RawPeer peer = raw();
        peer.send(Wire.HELLO, Wire.hello(facts(A, 1, 1), "images").toByteArray());
        assertThat(peer.read()).isEqualTo(Wire.HELLO);

        peer.sendRaw(Wire.MAX_BULK_CHUNK + 1);

        peer.awaitEnd();
        await().atMost(SECONDS).until(() -> handler.expect("images").end.contains("out of bounds"));
    }

    @Test
    void shouldWorkWithTheJdkWhenTcnativeCannotBeLoaded() throws Exception {
        try (TlsContexts contexts =
                TlsContexts.load(TlsIdentity.in(save(), "lab"), SslProvider.JDK)) {
            assertThat(contexts.description()).startsWith("JDK");
        }
        try (TlsContexts contexts =
                TlsContexts.load(TlsIdentity.in(save(), "lab"), TlsContexts.best())) {
            assertThat(contexts.description()).isNotEmpty();
        }
    }

    private Path save() throws IOException {
        Path own = directory.resolve("saved" + System.nanoTime());
        cluster.issue(new NodeId("n" + System.nanoTime())).save(own);
        return own;
    }
}
