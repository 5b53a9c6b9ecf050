package io.mig.home.relay;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.transport.PeerMessage;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries end-to-end frames between the endpoints of this node and those of other nodes, by
 * (process, epoch, link), and the few things that agents tell each other about a body (its deputy
 * was killed, it was stopped, it has ended).
 *
 * <p>One thread owns all routes ({@link RelayCore}); every method here only hands something to it,
 * may be called from any thread and does not block, except {@link #onMessage}, which may make a
 * fast peer wait. Frames are passed on unread, in the order in which they came; what cannot be
 * passed on is dropped, and LINK_UP makes the endpoints ask again.
 *
 * <p>To wire it: register it as a listener of the {@link HullServer}, after the one that answers
 * deputies with CONFIG; forward {@code onMessage} (message types 200..219), {@code onPeerUp} and
 * {@code onPeerDown} of the network's handler from the start.
 */
public final class RelayRouter implements HullListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RelayRouter.class);
    private static final Duration SIGNAL_TIMEOUT = Duration.ofSeconds(5);
    private static final long REPEAT_NANOS = Duration.ofMillis(500).toNanos();
    private static final long REFRESH_NANOS = Duration.ofSeconds(3).toNanos();
    private static final long BLOCKED_WAIT_NANOS = Duration.ofMillis(5).toNanos();
    private static final int MAX_BATCH = 256;
    private static final int MAX_PEER_MESSAGES = 64;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

    private final RelayCore core;
    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final Semaphore peerMessages = new Semaphore(MAX_PEER_MESSAGES);
    private final Thread thread;
    private volatile boolean closing;

    public RelayRouter(RelayPeers peers, RelayListener listener) {
        long instance = new SecureRandom().nextLong() & (Long.MAX_VALUE >> 1);
        this.core = new RelayCore(peers, listener, instance, this::signal);
        this.thread = Thread.ofPlatform().name("mig-relay").daemon(true).unstarted(this::loop);
    }

    public void start() {
        thread.start();
    }

    // ---------------------------------------------------------------- routes

    /**
     * Home side: the body of this process of ours runs on {@code host} with this epoch; {@code
     * links} are the home pids that have a deputy. An older epoch than the current one is ignored.
     */
    public void home(HomePid process, Epoch epoch, NodeId host, Set<Integer> links) {
        post(() -> core.home(process, epoch, host, links));
    }

    /** Home side: the process is over. */
    public void homeRemoved(HomePid process) {
        post(() -> core.homeRemoved(process));
    }

    /** Host side: the body of this process and epoch lives in this capsule of ours. */
    public void hosted(HomePid process, Epoch epoch, UUID capsule, Set<Integer> links) {
        post(() -> core.hosted(process, epoch, capsule, links));
    }

    /** Host side: it does not any more. */
    public void hostedRemoved(HomePid process, Epoch epoch) {
        post(() -> core.hostedRemoved(process, epoch));
    }

    /**
     * Home side: delivers SIGKILL or SIGSTOP to the body of a deputy that got it; a kill also
     * reaches later owners.
     */
    public void signalBody(HomePid process, int link, int signal) {
        post(() -> core.signalBody(process, link, signal));
    }

    /**
     * Host side: bytes that this body here has exchanged with its home elsewhere; 0 when it is not
     * here or its home is. Any thread.
     */
    public long carried(HomePid process) {
        return core.carried().of(process);
    }

    public CompletableFuture<RelayStats> stats() {
        CompletableFuture<RelayStats> result = new CompletableFuture<>();
        post(() -> result.complete(core.stats()));
        return result;
    }

    // ---------------------------------------------------------------- endpoints

    @Override
    public void onDeputy(DeputyEndpoint deputy) {
        if (deputy.keeper()) {
            post(() -> core.deputyReady(deputy)); // it goes on with what the deputy was given
        }
    }

    @Override
    public void onCapsule(CapsuleEndpoint capsule) {
        post(() -> core.capsuleUp(capsule));
    }

    @Override
    public void onHop(Endpoint endpoint, FrameType type, String text) {
        if (type == FrameType.READY && endpoint instanceof DeputyEndpoint deputy) {
            post(() -> core.deputyReady(deputy));
        } else if (type == FrameType.EVENT && endpoint instanceof CapsuleEndpoint capsule) {
            post(() -> core.capsuleEvent(capsule, text));
        }
    }

    @Override
    public void onEndToEnd(Endpoint endpoint, Frame frame) {
        int bytes = frame.wireBytes();
        endpoint.queued(bytes);
        post(
                () -> {
                    endpoint.unqueued(bytes);
                    core.fromEndpoint(endpoint, frame);
                });
    }

    @Override
    public void onGone(Endpoint endpoint) {
        post(() -> core.gone(endpoint));
    }

    // ---------------------------------------------------------------- peers

    /** Whether a message is for a router. */
    public static boolean isRelayMessage(PeerMessage message) {
        return RelayCodec.mine(message);
    }

    /** A relay message arrived; waits when many are not worked off yet. */
    public void onMessage(NodeId from, PeerMessage message) {
        RelayMessage decoded;
        try {
            decoded = RelayCodec.decode(message);
        } catch (FrameException e) {
            LOG.warn("message of node={} ignored: {}", from, e.getMessage());
            return;
        }
        peerMessages.acquireUninterruptibly();
        post(
                () -> {
                    peerMessages.release();
                    core.fromPeer(from, decoded);
                });
    }

    public void onPeerUp(NodeId peer) {
        post(() -> core.peerUp(peer));
    }

    public void onPeerDown(NodeId peer) {
        post(() -> core.peerDown(peer));
    }

    // ---------------------------------------------------------------- thread

    private void signal(
            CapsuleEndpoint capsule, RelayMessage.Content.Signal signal, Consumer<Boolean> done) {
        // SIGKILL is what home sends when nobody there speaks for the body any more
        String gone = signal.signal() == LinuxSignals.SIGKILL ? " gone" : "";
        String text = "pid=" + signal.link() + " signal=" + signal.signal() + gone + "\n";
        var _ =
                capsule.command(FrameType.SIGNAL, text, SIGNAL_TIMEOUT)
                        .whenComplete(
                                (reply, failure) ->
                                        post(
                                                () ->
                                                        done.accept(
                                                                wasDone(
                                                                        capsule, signal, reply,
                                                                        failure))));
    }

    private static boolean wasDone(
            CapsuleEndpoint capsule,
            RelayMessage.Content.Signal signal,
            @Nullable Reply reply,
            @Nullable Throwable failure) {
        if (failure != null || reply == null) {
            LOG.info("{} did not answer to {}; it will be asked again", capsule, signal);
            return false;
        }
        if (reply instanceof Reply.Failed(int errno, String message)) {
            // most often the body has ended meanwhile; asking again would not change it
            LOG.info("{} could not deliver {}: errno={} {}", capsule, signal, errno, message);
        }
        return true;
    }

    private void post(Runnable task) {
        tasks.add(task);
    }

    private void loop() {
        long repeatAt = System.nanoTime() + REPEAT_NANOS;
        long refreshAt = System.nanoTime() + REFRESH_NANOS;
        boolean flushed = true;
        while (!closing) {
            try {
                Runnable task = next(flushed, repeatAt, refreshAt);
                for (int i = 0; task != null && i < MAX_BATCH; i++) {
                    run(task);
                    task = tasks.poll();
                }
                if (task != null) {
                    run(task);
                }
                flushed = core.flush();
                if (System.nanoTime() - repeatAt >= 0) {
                    core.repeatNotices();
                    repeatAt = System.nanoTime() + REPEAT_NANOS;
                }
                if (System.nanoTime() - refreshAt >= 0) {
                    core.refreshLinks();
                    refreshAt = System.nanoTime() + REFRESH_NANOS;
                }
            } catch (InterruptedException e) {
                closing = true;
            } catch (RuntimeException e) {
                LOG.error("the relay stumbled and goes on", e);
            }
        }
    }

    /** Waits for ever when nothing is away and nobody is here: an idle router costs nothing. */
    private @Nullable Runnable next(boolean flushed, long repeatAt, long refreshAt)
            throws InterruptedException {
        if (!flushed) {
            return tasks.poll(BLOCKED_WAIT_NANOS, TimeUnit.NANOSECONDS);
        }
        if (core.noticesWait()) {
            return tasks.poll(Math.max(1, repeatAt - System.nanoTime()), TimeUnit.NANOSECONDS);
        }
        if (core.hasRoutes()) {
            return tasks.poll(Math.max(1, refreshAt - System.nanoTime()), TimeUnit.NANOSECONDS);
        }
        return tasks.take();
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.error("the relay could not do one thing and goes on", e);
        }
    }

    @Override
    public void close() {
        closing = true;
        tasks.add(() -> {});
        if (thread.getState() == Thread.State.NEW) {
            return;
        }
        try {
            if (!thread.join(CLOSE_LIMIT)) {
                LOG.warn("the relay did not end within {}", CLOSE_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
