package io.mig.checkpoint.criu;

import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.Phase;
import io.mig.checkpoint.criu.jna.ErrnoException;
import io.mig.checkpoint.criu.jna.PidFdHandle;
import io.mig.checkpoint.criu.jna.SeqPacketListener;
import io.mig.checkpoint.criu.jna.SeqPacketSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where criu processes report for work. A starter (mig-spawn) connects to the socket, sends the
 * token it was given as first packet, and executes {@code criu swrk} on the connection; the token
 * says which {@link #expect} it answers.
 *
 * <p>Only root may connect (socket mode 0600, checked again by peer credentials). One platform
 * thread accepts; the returned futures complete on virtual threads of their own.
 */
public final class CriuServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CriuServer.class);
    private static final Pattern HELD = Pattern.compile("(.{1,128})\nheld=(\\d{1,4})");
    private static final int BACKLOG = 64;
    private static final int MAX_TOKEN = 128;
    private static final int MAX_UNNAMED = 64;
    private static final Duration TOKEN_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration IDLE_WAIT = Duration.ofSeconds(10);
    private static final Duration NAMING_WAIT = Duration.ofMillis(2);

    /** Connected, token not yet received. */
    private record Unnamed(SeqPacketSocket socket, long deadline) {}

    private final Path socketPath;
    private final Map<String, CompletableFuture<CriuConnection>> expected =
            new ConcurrentHashMap<>();
    private @Nullable SeqPacketListener listener;
    private volatile boolean closed;

    public CriuServer(Path socketPath) {
        this.socketPath = socketPath;
    }

    public Path socketPath() {
        return socketPath;
    }

    /** Binds the socket and begins to accept. */
    public synchronized void start() {
        if (listener != null || closed) {
            throw new IllegalStateException("criu server was started before: " + socketPath);
        }
        try {
            SeqPacketListener opened = SeqPacketListener.open(socketPath, BACKLOG);
            listener = opened;
            Thread.ofPlatform().daemon().name("criu-accept").start(() -> acceptLoop(opened));
        } catch (IOException failed) {
            throw CheckpointException.failed(
                            Phase.CONNECT,
                            "cannot listen for criu processes: " + failed.getMessage(),
                            0)
                    .causedBy(failed);
        }
    }

    /**
     * Announces a criu process that will connect with {@code token}. Cancel the future (or let it
     * time out) to withdraw the announcement; a process that comes too late is turned away.
     */
    public CompletableFuture<CriuConnection> expect(String token) {
        if (token.isEmpty() || token.getBytes(StandardCharsets.UTF_8).length > MAX_TOKEN) {
            throw new IllegalArgumentException("token must have 1 to " + MAX_TOKEN + " bytes");
        }
        CompletableFuture<CriuConnection> arrival = new CompletableFuture<>();
        if (expected.putIfAbsent(token, arrival) != null) {
            throw new IllegalArgumentException("token is already expected");
        }
        var _ = arrival.whenComplete((connection, failure) -> expected.remove(token, arrival));
        if (closed) {
            arrival.completeExceptionally(serverClosed());
        }
        return arrival;
    }

    private void acceptLoop(SeqPacketListener source) {
        List<Unnamed> unnamed = new ArrayList<>();
        while (!closed) {
            try {
                // While somebody still owes us its token we look at it often; a spawner sends it
                // within microseconds.
                source.accept(unnamed.isEmpty() ? IDLE_WAIT : NAMING_WAIT)
                        .ifPresent(arrived -> admit(arrived, unnamed));
                nameThem(unnamed);
            } catch (ErrnoException failed) {
                if (!closed) {
                    log.error("accepting criu processes failed, path={}", socketPath, failed);
                    close();
                }
            }
        }
        unnamed.forEach(each -> each.socket().close());
    }

    private void admit(SeqPacketSocket arrived, List<Unnamed> unnamed) {
        if (arrived.peer().uid() != 0 || unnamed.size() >= MAX_UNNAMED) {
            log.warn("turned away a connection to {}, peer={}", socketPath, arrived.peer());
            arrived.close();
            return;
        }
        unnamed.add(new Unnamed(arrived, System.nanoTime() + TOKEN_TIMEOUT.toNanos()));
    }

    private void nameThem(List<Unnamed> unnamed) {
        for (Iterator<Unnamed> each = unnamed.iterator(); each.hasNext(); ) {
            Unnamed candidate = each.next();
            try {
                Optional<byte[]> token = candidate.socket().receive(Duration.ZERO);
                if (token.isPresent()) {
                    each.remove();
                    introduce(new String(token.get(), StandardCharsets.UTF_8), candidate.socket());
                } else if (System.nanoTime() - candidate.deadline() > 0) {
                    each.remove();
                    log.warn("a peer sent no token in time, peer={}", candidate.socket().peer());
                    candidate.socket().close();
                }
            } catch (ErrnoException broken) {
                each.remove();
                candidate.socket().close();
            }
        }
    }

    /** The packet is {@code TOKEN}, or {@code TOKEN\nheld=FD}: then the talk is over that FD. */
    private void introduce(String packet, SeqPacketSocket socket) throws ErrnoException {
        Matcher held = HELD.matcher(packet);
        if (!held.matches()) {
            handOver(packet, socket);
            return;
        }
        try (PidFdHandle process = PidFdHandle.open(socket.peer().pid())) {
            handOver(
                    held.group(1),
                    process.heldSocket(Integer.parseInt(held.group(2)), socket.peer()));
        }
        socket.close();
    }

    private void handOver(String token, SeqPacketSocket socket) {
        CompletableFuture<CriuConnection> waiting = expected.remove(token);
        if (waiting == null) {
            log.warn("a criu process came with a token nobody waits for, peer={}", socket.peer());
            socket.close();
            return;
        }
        CriuConnection connection = new CriuConnection(socket, token);
        Thread.startVirtualThread(
                () -> {
                    if (!waiting.complete(connection)) {
                        connection.close();
                    }
                });
    }

    private CheckpointException serverClosed() {
        return CheckpointException.failed(
                Phase.CONNECT, "criu server is closed, socket=" + socketPath, 0);
    }

    /** Stops accepting and fails all announcements; connections already handed out live on. */
    @Override
    public synchronized void close() {
        closed = true;
        if (listener != null) {
            listener.close();
        }
        expected.values().forEach(each -> each.completeExceptionally(serverClosed()));
    }
}
