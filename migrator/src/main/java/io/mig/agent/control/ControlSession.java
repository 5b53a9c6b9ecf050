package io.mig.agent.control;

import io.mig.json.Json;
import io.mig.json.JsonException;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import io.mig.model.ErrorCode;
import io.mig.model.MigException;
import io.mig.transport.local.LocalConnection;
import io.mig.transport.local.LocalHandler;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection. Its event loop collects the request line; then a virtual thread runs the verb and
 * sends the answer. What the client sends after its request is thrown away, but read, so that its
 * hanging up is noticed.
 */
final class ControlSession implements LocalHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ControlSession.class);
    private static final long PROTOCOL = 1;

    private final Caller caller;
    private final Map<String, ControlVerb> verbs;
    private final Duration patience;
    private final Runnable leave;

    /** Owned by the event loop; null when the request is complete. */
    private @Nullable ByteArrayOutputStream incoming = new ByteArrayOutputStream();

    private @Nullable ClientLine client;

    /**
     * @param patience how long the client may take to read the next part of its answer
     * @param leave runs once when the connection is gone
     */
    ControlSession(
            Caller caller, Map<String, ControlVerb> verbs, Duration patience, Runnable leave) {
        this.caller = caller;
        this.verbs = verbs;
        this.patience = patience;
        this.leave = leave;
    }

    @Override
    public void onOpen(LocalConnection connection) {
        client = new ClientLine(connection, patience);
    }

    @Override
    public void onBytes(ByteBuffer bytes) {
        while (incoming != null && bytes.hasRemaining()) {
            byte next = bytes.get();
            if (next == '\n') {
                begin(incoming.toByteArray());
            } else if (incoming.size() == ControlServer.MAX_REQUEST) {
                refuse("the request is longer than " + ControlServer.MAX_REQUEST + " bytes");
            } else {
                incoming.write(next);
            }
        }
        bytes.position(bytes.limit());
    }

    @Override
    public void onWritable(boolean writable) {
        if (client != null) {
            client.writabilityChanged();
        }
    }

    @Override
    public void onClosed() {
        incoming = null;
        if (client != null) {
            client.closed();
        }
        leave.run();
    }

    private void begin(byte[] line) {
        incoming = null;
        ClientLine answers = client;
        if (answers != null) {
            Thread.ofVirtual().name("control").start(() -> serve(line, answers));
        }
    }

    private void refuse(String why) {
        incoming = null;
        ClientLine answers = client;
        if (answers != null) {
            Thread.ofVirtual().name("control").start(() -> answers.finish(badRequest(why)));
        }
    }

    private void serve(byte[] line, ClientLine answers) {
        Response response = new Response(answers);
        try {
            ControlRequest request = parse(line);
            ControlVerb verb = verbs.get(request.verb());
            if (verb == null) {
                throw new JsonException(
                        "unknown verb="
                                + request.verb()
                                + ", known verbs: "
                                + new TreeSet<>(verbs.keySet()));
            }
            verb.run(request, response);
            if (response.answer.get() == null) {
                throw new IllegalStateException("the verb gave no answer: verb=" + request.verb());
            }
        } catch (JsonException e) {
            response.settle(badRequest(String.valueOf(e.getMessage())));
        } catch (MigException e) {
            LOG.debug("request refused: caller={}", caller, e);
            response.settle(
                    Answer.fail(
                            e.code().name(), String.valueOf(e.getMessage()), "", JsonObject.EMPTY));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            response.settle(internal("the agent is shutting down"));
        } catch (Exception | Error e) {
            LOG.error("request failed: caller={}", caller, e);
            response.settle(internal(e.toString()));
        }
        byte[] answer = response.answer.get();
        if (answer != null) {
            answers.finish(answer);
        }
    }

    private ControlRequest parse(byte[] line) {
        JsonObject request = Json.parseObject(line);
        long version = request.integer("v").orElse(0);
        if (version != PROTOCOL) {
            throw new JsonException(
                    "the command speaks another version of the control protocol: version="
                            + version
                            + " known="
                            + PROTOCOL);
        }
        return new ControlRequest(request.requireString("verb"), request.object("args"), caller);
    }

    private static byte[] badRequest(String why) {
        return Answer.fail(
                ErrorCode.BAD_REQUEST.name(),
                "the agent does not understand the request: " + why,
                "check that agent and command are of the same version: mig version",
                JsonObject.EMPTY);
    }

    private static byte[] internal(String why) {
        return Answer.fail(
                ErrorCode.INTERNAL.name(),
                "the agent failed in a way nobody foresaw: " + why,
                "the agent's log has more; please report it",
                JsonObject.EMPTY);
    }

    /**
     * Remembers the verb's answer; it is sent when the verb has returned, so that the verb never
     * waits for its client.
     */
    private record Response(ClientLine client, AtomicReference<byte @Nullable []> answer)
            implements ControlResponse {
        Response(ClientLine client) {
            this(client, new AtomicReference<>());
        }

        @Override
        public void progress(JsonObject facts) {
            if (answer.get() == null) {
                client.offer(Answer.progress(facts));
            }
        }

        @Override
        public void ok(JsonValue result) {
            settleOnce(Answer.ok(result));
        }

        @Override
        public void fail(String code, String message, String remedy, JsonObject detail) {
            settleOnce(Answer.fail(code, message, remedy, detail));
        }

        @Override
        public boolean isWanted() {
            return client.isOpen();
        }

        private void settleOnce(byte[] line) {
            if (!answer.compareAndSet(null, line)) {
                throw new IllegalStateException("the request has its answer already");
            }
        }

        /** A failure after the answer changes nothing for the client: it is in the log. */
        private void settle(byte[] line) {
            answer.compareAndSet(null, line);
        }
    }
}
