package io.mig.home.relay;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connected capsule: takes commands. Futures complete on the connection's thread or a timer
 * thread, so what is chained to them must not block. A command without an answer fails with {@link
 * EndpointLostException}; it may have been carried out.
 */
public final class CapsuleEndpoint extends Endpoint {
    private static final Logger LOG = LoggerFactory.getLogger(CapsuleEndpoint.class);

    /** Largest state of a capsule; the windows of its streams keep the real ones far below. */
    public static final int MAX_STATE_BYTES = 64 << 20;

    private final UUID id;
    private final AtomicLong requests = new AtomicLong();
    private final Map<Long, PendingReply> pending = new ConcurrentHashMap<>();

    CapsuleEndpoint(HullChannel channel, int peerPid, int peerUid, UUID id) {
        super(channel, peerPid, peerUid);
        this.id = id;
    }

    public UUID id() {
        return id;
    }

    /** Sends a command and gives its reply. */
    public CompletableFuture<Reply> command(FrameType type, String text, Duration timeout) {
        return request(type, timeout, request -> send(Frame.text(type, 0, request, text)));
    }

    /** The same with a text that is bytes and not characters. */
    public CompletableFuture<Reply> command(FrameType type, byte[] text, Duration timeout) {
        return request(
                type,
                timeout,
                request -> send(new Frame(type.code(), 0, request, ByteBuffer.wrap(text))));
    }

    /**
     * Takes the complete state of all links and streams; the capsule then stays silent until RESUME
     * or DESTROY.
     */
    public CompletableFuture<Reply> exportState(Duration timeout) {
        return command(FrameType.EXPORT, "", timeout);
    }

    /** Gives a capsule the state that another one exported. */
    public CompletableFuture<Reply> importState(ByteBuffer state, Duration timeout) {
        ByteBuffer bytes = state.asReadOnlyBuffer();
        if (bytes.remaining() > MAX_STATE_BYTES) {
            return CompletableFuture.failedFuture(
                    new IllegalArgumentException(
                            "state of a capsule bytes="
                                    + bytes.remaining()
                                    + " above the limit="
                                    + MAX_STATE_BYTES));
        }
        return request(
                FrameType.IMPORT,
                timeout,
                request -> {
                    send(
                            Frame.text(
                                    FrameType.IMPORT,
                                    0,
                                    request,
                                    "len=" + bytes.remaining() + "\n"));
                    while (bytes.hasRemaining()) {
                        int chunk = Math.min(Frame.MAX_DATA_BYTES, bytes.remaining());
                        send(
                                new Frame(
                                        FrameType.IMPORT.code(),
                                        0,
                                        request,
                                        bytes.slice(bytes.position(), chunk)));
                        bytes.position(bytes.position() + chunk);
                    }
                });
    }

    private CompletableFuture<Reply> request(
            FrameType type, Duration timeout, LongConsumer transmit) {
        if (!type.isCommand()) {
            throw new IllegalArgumentException("frame type=" + type + " is no command");
        }
        long request = requests.incrementAndGet();
        PendingReply waiting = new PendingReply(type);
        pending.put(request, waiting);
        if (!isOpen()) {
            lost(request, waiting);
        } else {
            transmit.accept(request);
        }
        return waiting.future
                .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionallyCompose(
                        failure -> {
                            pending.remove(request);
                            return CompletableFuture.failedFuture(
                                    failure instanceof TimeoutException
                                            ? new EndpointLostException(
                                                    "no answer to "
                                                            + type
                                                            + " within "
                                                            + timeout
                                                            + ", outcome unknown: capsule="
                                                            + id
                                                            + " pid="
                                                            + peerPid())
                                            : failure);
                        });
    }

    /** A reply frame arrived; called on the connection's thread. */
    void onReply(Frame frame) {
        PendingReply waiting = pending.get(frame.sequence());
        if (waiting == null || frame.type() != (waiting.type.code() | FrameType.REPLY)) {
            LOG.debug("capsule={} answered nobody: {}", id, frame);
            return;
        }
        if (waiting.accept(frame)) {
            pending.remove(frame.sequence());
        }
    }

    @Override
    void gone() {
        pending.forEach(this::lost);
    }

    private void lost(long request, PendingReply waiting) {
        pending.remove(request);
        waiting.future.completeExceptionally(
                new EndpointLostException(
                        "connection lost before the answer to "
                                + waiting.type
                                + ", outcome unknown: capsule="
                                + id
                                + " pid="
                                + peerPid()));
    }

    @Override
    public String toString() {
        return "capsule[id=" + id + " pid=" + peerPid() + "]";
    }

    /** Puts a reply together; only EXPORT has one of several frames. */
    private static final class PendingReply {
        private final FrameType type;
        private final CompletableFuture<Reply> future = new CompletableFuture<>();
        private ByteBuffer data = ByteBuffer.allocate(0);
        private boolean begun;

        PendingReply(FrameType type) {
            this.type = type;
        }

        /** Whether the reply is complete. */
        boolean accept(Frame frame) {
            if (type != FrameType.EXPORT) {
                return future.complete(Reply.parse(frame.text()));
            }
            ByteBuffer payload = frame.payload();
            if (!begun) {
                begun = true;
                String first = firstLine(payload);
                int length = exportLength(first);
                if (length < 0) {
                    return future.complete(Reply.failed(first));
                }
                data = ByteBuffer.allocate(length);
            }
            if (payload.remaining() > data.remaining()) {
                return future.complete(
                        new Reply.Failed(0, "EXPORT sent more bytes than it had announced"));
            }
            data.put(payload);
            return !data.hasRemaining() && future.complete(new Reply.Done("", data.flip()));
        }

        private static String firstLine(ByteBuffer payload) {
            StringBuilder line = new StringBuilder();
            while (payload.hasRemaining()) {
                char next = (char) (payload.get() & 0xFF);
                if (next == '\n') {
                    break;
                }
                line.append(next);
            }
            return new String(line.toString().getBytes(ISO_8859_1), UTF_8);
        }

        private static int exportLength(String first) {
            if (!first.startsWith("ok ")) {
                return -1;
            }
            try {
                int length = Integer.parseInt(first.substring(3).strip());
                return length <= MAX_STATE_BYTES ? length : -1;
            } catch (NumberFormatException e) {
                return -1;
            }
        }
    }
}
