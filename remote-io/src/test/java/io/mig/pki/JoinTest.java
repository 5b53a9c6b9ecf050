package io.mig.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mig.model.NodeId;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
final class JoinTest {
    private static final NodeId FIRST = new NodeId("node1");
    private static final NodeId SECOND = new NodeId("node2");

    @TempDir Path directory;

    private volatile Instant now = Instant.now();
    private final InstantSource clock = () -> now;
    private PkiCommands first;
    private JoinServer server;

    @BeforeEach
    void startFirstNode() throws IOException {
        first = new PkiCommands(directory.resolve("first"), clock);
        NodeIdentity identity = first.init("lab", FIRST);
        server =
                new JoinServer(
                        ClusterAuthority.open(directory.resolve("first"), clock).orElseThrow(),
                        identity,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        server.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String token(Optional<NodeId> onlyFor) throws IOException {
        return first.token("127.0.0.1", server.boundPort(), Duration.ofMinutes(10), onlyFor);
    }

    private PkiCommands node(String name) {
        return new PkiCommands(directory.resolve(name), clock);
    }

    @Test
    void shouldGiveANodeItsIdentityWhenItsTokenIsGood() throws IOException {
        NodeIdentity joined = node("second").join(token(Optional.empty()), SECOND);

        assertThat(joined.name()).isEqualTo(new NodeUri("lab", SECOND));
        assertThat(joined.authority())
                .isEqualTo(NodeIdentity.load(directory.resolve("first")).authority());
        assertThat(NodeIdentity.load(directory.resolve("second"))).isEqualTo(joined);
        assertThat(joined.expires())
                .isBetween(now.plus(Duration.ofDays(364)), now.plus(Duration.ofDays(366)));
    }

    @Test
    void shouldKeepKeysFromOthersWhenWritingThem() throws IOException {
        for (String file : new String[] {"first/node.key", "first/authority/ca.key"}) {
            assertThat(Files.getPosixFilePermissions(directory.resolve(file)))
                    .as(file)
                    .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        }
        assertThat(Files.getPosixFilePermissions(directory.resolve("first/authority")))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
        Files.setPosixFilePermissions(
                directory.resolve("first/node.key"), PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> NodeIdentity.load(directory.resolve("first")))
                .isInstanceOf(PkiException.class)
                .hasMessageContaining("chmod 600");
    }

    @Test
    void shouldRefuseWhenATokenIsUsedTwice() throws IOException {
        String token = token(Optional.empty());
        node("second").join(token, SECOND);

        assertThatThrownBy(() -> node("third").join(token, new NodeId("node3")))
                .isInstanceOf(PkiException.class)
                .hasMessageContaining("was used before");
        assertThat(directory.resolve("third")).doesNotExist();
    }

    @Test
    void shouldRefuseWhenATokenIsOver() throws IOException {
        String token = token(Optional.empty());
        Instant later = now.plus(Duration.ofMinutes(11));

        assertThatThrownBy(
                        () ->
                                new PkiCommands(directory.resolve("second"), () -> later)
                                        .join(token, SECOND))
                .isInstanceOf(PkiException.class)
                .hasMessageContaining("expired at");
        // a node whose clock is behind is told by the server
        now = later;
        assertThatThrownBy(
                        () ->
                                new JoinClient(() -> Instant.EPOCH)
                                        .join(JoinToken.parse(token), SECOND))
                .isInstanceOf(PkiException.class)
                .hasMessageContaining("refused this node")
                .hasMessageContaining("expired at");
    }

    @Test
    void shouldRefuseTheServerWhenThePinIsOfAnotherAuthority() throws IOException {
        PkiCommands other = new PkiCommands(directory.resolve("other"), clock);
        other.init("lab", FIRST);
        String token =
                other.token(
                        "127.0.0.1", server.boundPort(), Duration.ofMinutes(10), Optional.empty());

        assertThatThrownBy(() -> node("second").join(token, SECOND))
                .isInstanceOf(PkiException.class)
                .hasMessageContaining("not the one that made the join token");
    }

    @Test
    void shouldRefuseWhenTheSecretIsWrong() throws IOException {
        JoinToken good = JoinToken.parse(token(Optional.empty()));
        JoinToken bad =
                new JoinToken(
                        good.host(),
                        good.port(),
                        good.expires(),
                        good.id(),
                        "00".repeat(32),
                        good.pin());

        assertThatThrownBy(() -> new JoinClient(clock).join(bad, SECOND))
                .isInstanceOf(PkiException.class)
                .hasMessageContaining("the proof for join token");
        // a wrong guess does not use the token up
        assertThat(new JoinClient(clock).join(good, SECOND).node()).isEqualTo(SECOND);
    }

    @Test
    void shouldRefuseWhenTheNameIsTaken() throws IOException {
        node("second").join(token(Optional.empty()), SECOND);

        assertThatThrownBy(() -> node("third").join(token(Optional.empty()), SECOND))
                .hasMessageContaining("the name node=node2 is taken");
        assertThatThrownBy(() -> node("third").join(token(Optional.of(FIRST)), FIRST))
                .hasMessageContaining("belongs to the node that holds the authority");
        assertThat(node("third").join(token(Optional.of(SECOND)), SECOND).node()).isEqualTo(SECOND);
    }

    @Test
    void shouldRefuseWhenATokenIsForAnotherNode() throws IOException {
        String token = token(Optional.of(SECOND));

        assertThatThrownBy(() -> node("third").join(token, new NodeId("node3")))
                .hasMessageContaining("is for node=node2, not for node=node3");
    }

    @Test
    void shouldRefuseWhenThereIsAnIdentityAlready() {
        assertThatThrownBy(() -> first.init("lab", FIRST))
                .hasMessageContaining("has an identity already");
        assertThatThrownBy(
                        () -> node("second").token("x", 1, Duration.ofMinutes(1), Optional.empty()))
                .hasMessageContaining("does not hold the cluster's authority");
        assertThatThrownBy(() -> NodeIdentity.load(directory.resolve("second")))
                .hasMessageContaining("mig join TOKEN");
    }

    @Test
    void shouldSayWhatIsWrongWhenATokenWasNotCopiedWhole() throws IOException {
        String token = token(Optional.empty());

        assertThat(JoinToken.parse("  " + token + "\n").text()).isEqualTo(token);
        assertThat(token).matches("[A-Za-z0-9._-]+");
        assertThat(JoinToken.parse(token).toString())
                .doesNotContain(JoinToken.parse(token).secret());
        for (String bad :
                new String[] {
                    "",
                    "mig1.",
                    "hello",
                    token.substring(0, token.length() - 3),
                    token + "AAAA",
                    token.replace("mig1.", "mig1.A")
                }) {
            assertThatThrownBy(() -> JoinToken.parse(bad)).as(bad).isInstanceOf(PkiException.class);
        }
    }

    @Test
    void shouldGoOnWhenSomethingElseKnocks() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.boundPort())) {
            socket.getOutputStream()
                    .write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            while (in.read() >= 0) {
                // whatever it says, it must close
            }
        }

        assertThat(node("second").join(token(Optional.empty()), SECOND).node()).isEqualTo(SECOND);
    }
}
