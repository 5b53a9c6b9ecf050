package io.mig.ctl.client;

import io.mig.json.Json;
import io.mig.json.JsonException;
import io.mig.json.JsonNull;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Speaks to the agent's control socket: connects, sends one JSON line, reads progress lines until
 * the one with {@code ok}. One connection per call; not for several threads at once. Lines longer
 * than {@value #MAX_LINE} bytes are refused.
 */
public final class ControlClient implements Control {
    /** Longest line an agent may send. */
    public static final int MAX_LINE = 16 << 20;

    private static final int PROTOCOL = 1;

    private final Path socket;
    private final Duration patience;

    /**
     * @param socket the agent's control socket
     * @param patience how long the agent may be silent; zero means for ever
     */
    public ControlClient(Path socket, Duration patience) {
        this.socket = socket;
        this.patience = patience;
    }

    @Override
    public JsonValue call(String verb, JsonObject args, Consumer<JsonObject> progress)
            throws ControlException {
        JsonObject request =
                JsonObject.builder().put("v", PROTOCOL).put("verb", verb).put("args", args).build();
        try (SocketChannel channel = connect();
                Selector selector = Selector.open()) {
            send(channel, StandardCharsets.UTF_8.encode(Json.write(request) + "\n"));
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ);
            return readAnswer(
                    verb, new LineReader(channel, selector, patience, MAX_LINE), progress);
        } catch (IOException e) {
            throw lost(verb, String.valueOf(e.getMessage()));
        }
    }

    private static void send(SocketChannel channel, ByteBuffer line) {
        try {
            while (line.hasRemaining()) {
                channel.write(line);
            }
        } catch (IOException e) {
            // An agent that turns us away answers before it reads. Without an answer, reading
            // fails.
        }
    }

    private JsonValue readAnswer(String verb, LineReader lines, Consumer<JsonObject> progress)
            throws IOException, ControlException {
        while (true) {
            byte @Nullable [] line = lines.next();
            if (line == null) {
                throw lost(verb, "the connection ended");
            }
            JsonObject answer = parse(verb, line);
            if (answer.get("event") != null) {
                progress.accept(answer);
            } else if (answer.isTrue("ok")) {
                JsonValue result = answer.get("result");
                return result == null ? JsonNull.NULL : result;
            } else {
                JsonObject error = answer.object("error");
                throw new AgentRefusedException(
                        error.string("code", "unknown"),
                        error.string("message", "the agent refused and gave no reason"),
                        error.string("remedy", ""),
                        error.object("detail"));
            }
        }
    }

    private JsonObject parse(String verb, byte[] line) throws AgentUnreachableException {
        try {
            return Json.parseObject(line);
        } catch (JsonException e) {
            throw new AgentUnreachableException(
                    "the agent's answer is not understood: verb="
                            + verb
                            + " socket="
                            + socket
                            + ": "
                            + e.getMessage(),
                    "check that agent and command are of the same version: mig version");
        }
    }

    private SocketChannel connect() throws AgentUnreachableException {
        try {
            return SocketChannel.open(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            // The JDK has one exception for all errors of connect(2); the file tells them apart
            // better than its
            // message.
            if (!Files.exists(socket)) {
                throw new AgentUnreachableException(
                        "no agent runs on this node: there is no control socket=" + socket,
                        "start one as root with 'mig agent', or a lab of nodes on this machine with 'mig lab up 3'");
            }
            throw new AgentUnreachableException(
                    "no agent answers on this node: socket=" + socket + ": " + e.getMessage(),
                    "the agent has ended; start it again as root with 'mig agent' (a lab node: 'mig lab start NODE')");
        }
    }

    private AgentUnreachableException lost(String verb, String why) {
        return new AgentUnreachableException(
                "no complete answer from the agent: verb="
                        + verb
                        + " socket="
                        + socket
                        + ": "
                        + why,
                "what became of the request is known when the agent is back: 'mig ps' and 'mig log'");
    }
}
