package io.mig.agent.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.mig.json.Json;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class ControlServerTest {
    private static final Duration SHORT_PATIENCE = Duration.ofMillis(300);

    private final CountDownLatch hold = new CountDownLatch(1);
    private final CountDownLatch held = new CountDownLatch(1);
    private final AtomicReference<Boolean> wantedAtTheEnd = new AtomicReference<>();
    private final List<SocketChannel> clients = new ArrayList<>();

    @TempDir private Path directory = Path.of("");

    private Path socket = Path.of("");
    private ControlServer server = new ControlServer(Path.of("unused"), Map.of());

    @BeforeEach
    void startServer() throws IOException {
        socket = directory.resolve("control.sock");
        server =
                new ControlServer(
                        socket,
                        Map.of(
                                "echo", (request, out) -> out.ok(request.args()),
                                "whoami",
                                        (request, out) ->
                                                out.ok(
                                                        JsonObject.builder()
                                                                .put("uid", request.caller().uid())
                                                                .put("pid", request.caller().pid())
                                                                .build()),
                                "steps",
                                        (request, out) -> {
                                            out.progress(
                                                    JsonObject.builder()
                                                            .put("phase", "one")
                                                            .build());
                                            out.progress(
                                                    JsonObject.builder()
                                                            .put("phase", "two")
                                                            .build());
                                            out.ok(JsonValue.of("done"));
                                            out.progress(
                                                    JsonObject.builder()
                                                            .put("phase", "late")
                                                            .build());
                                        },
                                "refuse",
                                        (request, out) -> {
                                            throw new RefusedException(
                                                    ErrorCode.NOT_FOUND, "no such process=7");
                                        },
                                "fail",
                                        (request, out) ->
                                                out.fail(
                                                        "FULL",
                                                        "no room",
                                                        "make room",
                                                        request.args()),
                                "break",
                                        (request, out) -> {
                                            throw new IOException("disk on fire");
                                        },
                                "forget", (request, out) -> {},
                                "hold",
                                        (request, out) -> {
                                            held.countDown();
                                            hold.await();
                                            wantedAtTheEnd.set(out.isWanted());
                                            out.ok(JsonValue.of(true));
                                        },
                                "flood",
                                        (request, out) -> {
                                            for (int i = 0; i < 60_000; i++) {
                                                out.progress(
                                                        JsonObject.builder().put("i", i).build());
                                            }
                                            held.countDown();
                                            out.ok(
                                                    JsonValue.of(
                                                            "x"
                                                                    .repeat(
                                                                            (int)
                                                                                    request.args()
                                                                                            .integer(
                                                                                                    "size")
                                                                                            .orElse(
                                                                                                    0))));
                                        }),
                        SHORT_PATIENCE);
        server.start();
    }

    @AfterEach
    void stopServer() throws IOException {
        hold.countDown();
        for (SocketChannel client : clients) {
            client.close();
        }
        server.close();
    }

    @Test
    void shouldAnswerWithResultWhenVerbSucceeds() throws IOException {
        assertThat(ask("{\"v\":1,\"verb\":\"echo\",\"args\":{\"a\":[1]}}"))
                .containsExactly("{\"ok\":true,\"result\":{\"a\":[1]}}");
    }

    @Test
    void shouldKnowTheCallerByPeerCredentials() throws IOException {
        JsonObject answer =
                Json.parseObject(bytes(ask("{\"v\":1,\"verb\":\"whoami\"}").getFirst()));

        assertThat(answer.object("result").integer("uid"))
                .hasValue((int) Files.getAttribute(directory, "unix:uid"));
        assertThat(answer.object("result").integer("pid")).hasValue(ProcessHandle.current().pid());
    }

    @Test
    void shouldSendProgressBeforeTheAnswerAndNoneAfter() throws IOException {
        assertThat(ask("{\"v\":1,\"verb\":\"steps\"}"))
                .containsExactly(
                        "{\"event\":\"progress\",\"phase\":\"one\"}",
                        "{\"event\":\"progress\",\"phase\":\"two\"}",
                        "{\"ok\":true,\"result\":\"done\"}");
    }

    @Test
    void shouldAnswerWithCodeMessageRemedyAndDetailWhenVerbRefuses() throws IOException {
        assertThat(ask("{\"v\":1,\"verb\":\"fail\",\"args\":{\"bytes\":1}}"))
                .containsExactly(
                        "{\"ok\":false,\"error\":{\"code\":\"FULL\",\"message\":\"no room\","
                                + "\"remedy\":\"make room\",\"detail\":{\"bytes\":1}}}");
        assertThat(ask("{\"v\":1,\"verb\":\"refuse\"}"))
                .containsExactly(
                        "{\"ok\":false,\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"no such process=7\","
                                + "\"remedy\":\"\"}}");
    }

    @Test
    void shouldAnswerInternalWhenVerbBreaksOrForgetsToAnswer() throws IOException {
        assertThat(ask("{\"v\":1,\"verb\":\"break\"}"))
                .singleElement()
                .satisfies(
                        line -> assertThat(line).contains("\"INTERNAL\"").contains("disk on fire"));
        assertThat(ask("{\"v\":1,\"verb\":\"forget\"}"))
                .singleElement()
                .satisfies(
                        line -> assertThat(line).contains("\"INTERNAL\"").contains("verb=forget"));
    }

    @Test
    void shouldRefuseWhenRequestIsNoRequest() throws IOException {
        for (String request :
                List.of(
                        "",
                        "\u0000\u0001garbage",
                        "[]",
                        "{\"v\":1}",
                        "{\"v\":2,\"verb\":\"echo\"}",
                        "{\"v\":1,\"verb\":\"dance\"}",
                        "{\"v\":1,\"verb\":\"echo\",\"args\":" + "[".repeat(200),
                        "x".repeat(ControlServer.MAX_REQUEST + 1))) {
            assertThat(ask(request))
                    .singleElement()
                    .satisfies(
                            line ->
                                    assertThat(line)
                                            .startsWith(
                                                    "{\"ok\":false,\"error\":{\"code\":\"BAD_REQUEST\""));
        }
    }

    @Test
    void shouldLetTheVerbFinishWhenTheClientVanishes() throws Exception {
        SocketChannel client = send("{\"v\":1,\"verb\":\"hold\"}\n");
        assertThat(held.await(10, TimeUnit.SECONDS)).isTrue();
        client.close();
        assertThat(ask("{\"v\":1,\"verb\":\"echo\"}")).hasSize(1);
        // the verb looks once, so it must look after the server has noticed; the round trip above
        // is on the same event loop
        hold.countDown();

        await().untilAsserted(() -> assertThat(wantedAtTheEnd.get()).isFalse());
    }

    @Test
    void shouldNotWaitForTheClientWhenItDoesNotReadProgress() throws Exception {
        SocketChannel client = send("{\"v\":1,\"verb\":\"flood\",\"args\":{\"size\":8000000}}\n");

        assertThat(held.await(30, TimeUnit.SECONDS)).isTrue();
        List<String> lines = readAll(client);

        assertThat(lines).hasSizeLessThan(60_000);
        assertThat(lines.getLast())
                .startsWith("{\"ok\":true,\"result\":\"xxx")
                .hasSizeGreaterThan(8_000_000);
    }

    @Test
    void shouldCutOffTheClientWhenItNeverReads() throws Exception {
        SocketChannel client = send("{\"v\":1,\"verb\":\"flood\",\"args\":{\"size\":8000000}}\n");

        assertThat(held.await(30, TimeUnit.SECONDS)).isTrue();
        // what the kernel had buffered stays readable after the server has hung up, the end of the
        // answer never comes;
        // writing fails as soon as the server has closed its end
        await().untilAsserted(() -> assertThat(isCutOff(client)).isTrue());
    }

    @Test
    void shouldAnswerTooLongInsteadOfALineThatNobodyTakes() throws IOException {
        assertThat(
                        ask("{\"v\":1,\"verb\":\"flood\",\"args\":{\"size\":"
                                        + Answer.MAX_LINE
                                        + "}}")
                                .getLast())
                .contains("the answer is too long");
    }

    @Test
    void shouldRefuseAUserWithTooManyConnectionsAndServeHimAgainLater() throws IOException {
        for (int i = 0; i < ControlServer.MAX_CONNECTIONS_OF_USER; i++) {
            send("");
        }
        await().untilAsserted(
                        () ->
                                assertThat(ask("{\"v\":1,\"verb\":\"echo\"}"))
                                        .singleElement()
                                        .satisfies(line -> assertThat(line).contains("\"BUSY\"")));
        for (SocketChannel client : clients) {
            client.close();
        }
        await().untilAsserted(
                        () ->
                                assertThat(ask("{\"v\":1,\"verb\":\"echo\"}"))
                                        .singleElement()
                                        .satisfies(
                                                line -> assertThat(line).contains("\"ok\":true")));
    }

    @Test
    void shouldLetUsersActOnTheirOwnAndRootOnAll() {
        assertThat(new Caller(1000, 1000, 1).mayAct(1000)).isTrue();
        assertThat(new Caller(1000, 1000, 1).mayAct(1001)).isFalse();
        assertThat(new Caller(1000, 1000, 1).mayAct(0)).isFalse();
        assertThat(new Caller(0, 0, 1).mayAct(1001)).isTrue();
    }

    private List<String> ask(String request) throws IOException {
        try (SocketChannel client = send(request + "\n")) {
            return readAll(client);
        }
    }

    private SocketChannel send(String text) throws IOException {
        SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
        clients.add(client);
        client.connect(UnixDomainSocketAddress.of(socket));
        ByteBuffer bytes = ByteBuffer.wrap(bytes(text));
        try {
            while (bytes.hasRemaining()) {
                client.write(bytes);
            }
        } catch (IOException e) {
            // refused before the request was complete: the answer tells why
        }
        return client;
    }

    private static List<String> readAll(SocketChannel client) throws IOException {
        BufferedReader reader =
                new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8));
        List<String> lines = new ArrayList<>();
        try {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            // hung up on before all of the request was read: a reset follows the last line
        }
        return lines;
    }

    private static boolean isCutOff(SocketChannel client) {
        try {
            client.write(ByteBuffer.wrap(new byte[] {' '}));
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
