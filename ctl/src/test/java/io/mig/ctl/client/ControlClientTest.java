package io.mig.ctl.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mig.ctl.FakeAgent;
import io.mig.json.JsonObject;
import io.mig.json.JsonString;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class ControlClientTest {
    @TempDir private Path directory = Path.of("");

    @Test
    void shouldGiveUpWhenTheAgentIsSilentForTooLong() throws IOException {
        Path socket = directory.resolve("s");
        try (ServerSocketChannel mute = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            mute.bind(UnixDomainSocketAddress.of(socket));

            assertThatThrownBy(
                            () ->
                                    new ControlClient(socket, Duration.ofMillis(50))
                                            .call("ps", JsonObject.EMPTY, e -> {}))
                    .isInstanceOf(AgentUnreachableException.class)
                    .hasMessageContaining("verb=ps")
                    .hasMessageContaining("silent");
        }
    }

    @Test
    void shouldReadLongAnswersAndManyEventsInOrder() throws Exception {
        Path socket = directory.resolve("s");
        String text = "x".repeat(3_000_000);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            lines.append("{\"event\":\"progress\",\"i\":").append(i).append("}\n");
        }
        try (FakeAgent agent = new FakeAgent(socket)) {
            agent.raw("ps", lines + "{\"ok\":true,\"result\":\"" + text + "\"}\n");
            List<Long> seen = new ArrayList<>();

            assertThat(
                            new ControlClient(socket, Duration.ofSeconds(10))
                                    .call(
                                            "ps",
                                            JsonObject.EMPTY,
                                            event -> seen.add(event.integer("i").orElseThrow())))
                    .isEqualTo(new JsonString(text));
            assertThat(seen).hasSize(1000).isSorted();
        }
    }

    @Test
    void shouldRefuseALineThatNeverEnds() throws IOException {
        Path socket = directory.resolve("s");
        try (FakeAgent agent = new FakeAgent(socket)) {
            agent.raw("ps", " ".repeat(ControlClient.MAX_LINE + 1));

            assertThatThrownBy(
                            () ->
                                    new ControlClient(socket, Duration.ZERO)
                                            .call("ps", JsonObject.EMPTY, e -> {}))
                    .isInstanceOf(AgentUnreachableException.class)
                    .hasMessageContaining("longer than");
        }
    }

    @Test
    void shouldKeepCodeAndDetailWhenTheAgentRefuses() throws IOException {
        Path socket = directory.resolve("s");
        try (FakeAgent agent = new FakeAgent(socket)) {
            agent.raw(
                    "ps",
                    "{\"ok\":false,\"error\":{\"code\":\"BUSY\",\"message\":\"no\",\"detail\":{\"a\":1}}}\n");

            assertThatThrownBy(
                            () ->
                                    new ControlClient(socket, Duration.ZERO)
                                            .call("ps", JsonObject.EMPTY, e -> {}))
                    .isInstanceOfSatisfying(
                            AgentRefusedException.class,
                            e -> {
                                assertThat(e.code()).isEqualTo("BUSY");
                                assertThat(e.getMessage()).isEqualTo("no");
                                assertThat(e.remedy()).isEmpty();
                                assertThat(e.detail().integer("a")).hasValue(1);
                            });
        }
    }
}
