package io.mig.migration.target;

import io.mig.checkpoint.Leaf;
import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.criu.CriuServer;
import io.mig.home.relay.CapsuleEndpoint;
import io.mig.home.relay.FrameType;
import io.mig.home.relay.Reply;
import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent's handle of one capsule: its two cgroups (the stand-ins' and the guests') and the
 * commands to its init. The endpoint behind it may change as the init reconnects. Thread-safe.
 */
public final class Capsule {
    private static final Logger LOG = LoggerFactory.getLogger(Capsule.class);
    private static final Duration REMOVE = Duration.ofSeconds(5);

    private final UUID id;
    private final Leaf standIns;
    private final Leaf guests;
    private final Duration patience;
    private final Optional<CapsuleRoot> root;
    private CompletableFuture<CapsuleEndpoint> endpoint = new CompletableFuture<>();

    /**
     * @param standIns cgroup of init, its stand-ins and CRIU
     * @param guests cgroup of the body; freezing it freezes the body and nothing else
     * @param patience how long a command may take
     * @param root where it finds the node's files when it has a root of its own
     */
    public Capsule(
            UUID id, Leaf standIns, Leaf guests, Duration patience, Optional<CapsuleRoot> root) {
        this.root = root;
        this.id = id;
        this.standIns = standIns;
        this.guests = guests;
        this.patience = patience;
    }

    public UUID id() {
        return id;
    }

    public Leaf guests() {
        return guests;
    }

    /** The cgroup of the body as it is called inside. */
    public Path guestsInside() {
        return root.map(r -> CapsuleRoot.CGROUP).orElse(guests.directory());
    }

    /** A directory of images as it is called inside. */
    public String imagesInside(Path directory) {
        return root.map(r -> r.inRunDir(directory)).orElse(directory.toAbsolutePath()).toString();
    }

    /** The configuration file of the CRIU inside, if it needs one. */
    public Optional<String> criuConfig() {
        return root.map(CapsuleRoot::criuConfig);
    }

    public Leaf standIns() {
        return standIns;
    }

    /** The init has connected (again). */
    public synchronized void connected(CapsuleEndpoint fresh) {
        if (endpoint.isDone()) {
            endpoint = new CompletableFuture<>();
        }
        endpoint.complete(fresh);
    }

    public synchronized void disconnected(CapsuleEndpoint old) {
        if (endpoint.isDone() && !endpoint.isCompletedExceptionally() && endpoint.join() == old) {
            endpoint = new CompletableFuture<>();
        }
    }

    private synchronized CompletableFuture<CapsuleEndpoint> current() {
        return endpoint;
    }

    /** Waits until the init is connected. */
    public CapsuleEndpoint endpoint() {
        return await("connection of the init", current());
    }

    /** Sends a command and returns the text of its answer. */
    public String command(FrameType type, String text) {
        Reply reply = await(type.name(), endpoint().command(type, text, patience));
        return reply.orThrow(type + " capsule=" + id).text();
    }

    /**
     * Makes the root as a new program, which stands before its start.
     *
     * @param description as {@code birth.c} reads it
     * @return its pid on this node
     */
    public int birth(byte[] description) {
        Reply reply = await("BIRTH", endpoint().command(FrameType.BIRTH, description, patience));
        String text = reply.orThrow("BIRTH capsule=" + id).text();
        return CapsuleText.number(CapsuleText.lines(text).getFirst(), "hostpid");
    }

    /** Starts a CRIU inside and returns the connection to it and what it inherited. */
    public Started startCriu(CriuServer server, Path criu, String mode, int pgid) {
        return startCriu(server, criu, mode, pgid, 0);
    }

    /** Starts a CRIU inside that will dump a process, named as inside. */
    public Started startCriuToDump(CriuServer server, Path criu, int pid) {
        return startCriu(server, criu, "dump", 0, pid);
    }

    private Started startCriu(CriuServer server, Path criu, String mode, int pgid, int pid) {
        String token = UUID.randomUUID().toString();
        CompletableFuture<CriuConnection> expected = server.expect(token);
        try {
            command(
                    FrameType.CRIU,
                    // a restore must not go on without its agent: it would let the body run
                    "sock=%s token=%s exe=%s mode=%s pgid=%d pid=%d hold=1\n"
                            .formatted(
                                    root.map(r -> r.inRunDir(server.socketPath()))
                                            .orElse(server.socketPath()),
                                    token,
                                    root.map(r -> CapsuleRoot.criu(criu)).orElse(criu),
                                    mode,
                                    pgid,
                                    pid));
            return new Started(await("CRIU in the capsule", expected));
        } catch (RuntimeException e) {
            expected.cancel(false);
            expected.thenAccept(CriuConnection::close);
            throw e;
        }
    }

    /** A CRIU that waits for its one request. */
    public record Started(CriuConnection connection) {}

    /** CRIU's names of the stand-ins inside this capsule, by stream. */
    public Map<Integer, String> keys() {
        Map<Integer, String> keys = new HashMap<>();
        for (Map<String, String> line : CapsuleText.lines(command(FrameType.KEYS, ""))) {
            String key = line.get("key");
            if (key != null) {
                keys.put(CapsuleText.number(line, "stream"), key);
            }
        }
        return keys;
    }

    /** Takes the state of all links; the capsule is silent afterwards. */
    public ByteBuffer exportState() {
        Reply reply = await("EXPORT", endpoint().exportState(patience));
        return reply.orThrow("EXPORT capsule=" + id).data();
    }

    public void importState(ByteBuffer state) {
        await("IMPORT", endpoint().importState(state, patience)).orThrow("IMPORT capsule=" + id);
    }

    /** Living guests: pid inside, host pid. */
    public List<Map<String, String>> list() {
        return CapsuleText.lines(command(FrameType.LIST, ""));
    }

    /** Kills everything inside. Repeats are fine. */
    public void kill() {
        guests.kill();
        standIns.kill();
    }

    /** Kills everything inside and removes the cgroups. Repeats are fine. */
    public void destroy() {
        kill();
        guests.remove(REMOVE);
        standIns.remove(REMOVE);
    }

    /** Whether there is anything left of it. */
    public boolean alive() {
        return standIns.exists() && standIns.isPopulated();
    }

    private <T> T await(String what, CompletableFuture<T> future) {
        try {
            return future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException(
                    ErrorCode.TIMEOUT, "interrupted: capsule=" + id + " waiting for " + what);
        } catch (TimeoutException e) {
            LOG.debug("capsule is slow", e);
            throw new RefusedException(
                    ErrorCode.TIMEOUT,
                    true,
                    "no answer within " + patience + ": capsule=" + id + " waiting for " + what);
        } catch (ExecutionException e) {
            throw new RefusedException(
                    ErrorCode.REFUSED, "capsule=" + id + " " + what + " failed: " + e.getCause());
        }
    }

    @Override
    public String toString() {
        return "capsule=" + id;
    }
}
