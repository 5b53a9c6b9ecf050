package io.mig.transport.memory;

import io.mig.model.ErrorCode;
import io.mig.model.MigException;
import io.mig.model.NodeId;
import io.mig.model.PeerErrorException;
import io.mig.model.PeerLostException;
import io.mig.model.RefusedException;
import io.mig.transport.BulkReceiver;
import io.mig.transport.BulkSender;
import io.mig.transport.OrderedExecutor;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import io.mig.transport.PeerState;
import io.mig.transport.Responder;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One node's end of a {@link MemoryHub}. */
public final class MemoryPeerNetwork implements PeerNetwork {
    private final MemoryHub hub;
    private final PeerFacts facts;
    private final Map<NodeId, PeerState> states = new ConcurrentHashMap<>();
    private final Map<NodeId, OrderedExecutor> executors = new ConcurrentHashMap<>();
    private final Set<NodeId> clogged = ConcurrentHashMap.newKeySet();
    private volatile @Nullable PeerHandler handler;

    MemoryPeerNetwork(MemoryHub hub, PeerFacts facts) {
        this.hub = hub;
        this.facts = facts;
    }

    @Override
    public NodeId self() {
        return facts.node();
    }

    PeerFacts facts() {
        return facts;
    }

    @Override
    public void start(PeerHandler newHandler) {
        handler = newHandler;
        hub.started(this);
    }

    /** For tests of back-pressure: what {@link #writable} answers; true again tells the handler. */
    public void writable(NodeId to, boolean writable) {
        if (writable) {
            if (clogged.remove(to)) {
                executor(to).execute(() -> handler().onWritable(to));
            }
        } else {
            clogged.add(to);
        }
    }

    private PeerHandler handler() {
        PeerHandler known = handler;
        if (known == null) {
            throw new IllegalStateException("network of node=" + self() + " is not started");
        }
        return known;
    }

    private OrderedExecutor executor(NodeId peer) {
        return executors.computeIfAbsent(peer, node -> new OrderedExecutor("peer-" + node));
    }

    void met(PeerFacts other) {
        states.put(other.node(), new PeerState(true, Instant.now(), Optional.of(other), ""));
        executor(other.node()).execute(() -> handler().onPeerUp(other.node(), other));
    }

    void lost(NodeId other, String why) {
        states.computeIfPresent(
                other, (_, old) -> new PeerState(false, Instant.now(), old.facts(), why));
        executor(other).execute(() -> handler().onPeerDown(other, why));
    }

    @Override
    public Set<NodeId> peers() {
        Set<NodeId> others = new HashSet<>(hub.nodes());
        others.remove(self());
        return Set.copyOf(others);
    }

    @Override
    public PeerState state(NodeId peer) {
        PeerState known = states.get(peer);
        return known == null
                ? new PeerState(
                        false,
                        Instant.now(),
                        Optional.empty(),
                        peers().contains(peer)
                                ? "not connected yet"
                                : "not in the list of nodes of node=" + self())
                : known;
    }

    @Override
    public CompletableFuture<PeerMessage> request(
            NodeId to, PeerMessage message, Duration timeout) {
        CompletableFuture<PeerMessage> future = new CompletableFuture<>();
        if (!peers().contains(to)) {
            future.completeExceptionally(
                    new RefusedException(
                            ErrorCode.NOT_FOUND, "node=" + to + " is not in the list of nodes"));
            return future;
        }
        MemoryLink link = hub.link(self(), to);
        if (link == null) {
            future.completeExceptionally(PeerLostException.notSent(to, state(to).why()));
            return future;
        }
        Consumer<String> onDown =
                why ->
                        onOwnThread(
                                () ->
                                        future.completeExceptionally(
                                                new PeerLostException(
                                                        to,
                                                        "the connection was lost ("
                                                                + why
                                                                + "), request type="
                                                                + message.type())));
        link.onDown(onDown);
        int type = message.type();
        ScheduledFuture<?> timer =
                ForkJoinPool.commonPool()
                        .schedule(
                                () ->
                                        future.completeExceptionally(
                                                new PeerLostException(
                                                        to,
                                                        "no answer within "
                                                                + timeout.toMillis()
                                                                + " ms, request type="
                                                                + type)),
                                timeout.toMillis(),
                                TimeUnit.MILLISECONDS);
        future.whenComplete((_, _) -> timer.cancel(false));
        link.deliver(
                () ->
                        link.other(this)
                                .handle(self(), message, new MemoryResponder(link, to, future)));
        return future.whenComplete((_, _) -> link.forget(onDown));
    }

    private void handle(NodeId from, PeerMessage message, Responder responder) {
        executor(from)
                .execute(
                        () -> {
                            try {
                                handler().onRequest(from, message, responder);
                            } catch (MigException e) {
                                responder.fail(e.code(), String.valueOf(e.getMessage()));
                            } catch (RuntimeException e) {
                                responder.fail(
                                        ErrorCode.INTERNAL,
                                        "request type=" + message.type() + " failed: " + e);
                            }
                        });
    }

    private static void onOwnThread(Runnable completion) {
        Thread.ofVirtual().name("peer-answer").start(completion);
    }

    private record MemoryResponder(
            MemoryLink link,
            NodeId peer,
            CompletableFuture<PeerMessage> future,
            AtomicBoolean answered)
            implements Responder {
        MemoryResponder(MemoryLink link, NodeId peer, CompletableFuture<PeerMessage> future) {
            this(link, peer, future, new AtomicBoolean());
        }

        @Override
        public void reply(PeerMessage message) {
            if (answered.compareAndSet(false, true)) {
                link.deliver(() -> onOwnThread(() -> future.complete(message)));
            }
        }

        @Override
        public void fail(ErrorCode code, String message) {
            if (answered.compareAndSet(false, true)) {
                link.deliver(
                        () ->
                                onOwnThread(
                                        () ->
                                                future.completeExceptionally(
                                                        new PeerErrorException(
                                                                peer, code, message))));
            }
        }
    }

    @Override
    public void send(NodeId to, PeerMessage message) {
        MemoryLink link = hub.link(self(), to);
        if (link != null) {
            MemoryPeerNetwork other = link.other(this);
            Runnable arrival = () -> other.handler().onMessage(self(), message);
            boolean inline = other.handler().inline(message.type());
            link.deliver(inline ? arrival : () -> other.executor(self()).execute(arrival));
        }
    }

    @Override
    public boolean writable(NodeId to) {
        return hub.link(self(), to) != null && !clogged.contains(to);
    }

    @Override
    public BulkSender openBulk(NodeId to, String streamId) {
        MemoryLink link = hub.link(self(), to);
        if (link == null) {
            throw PeerLostException.notSent(to, state(to).why());
        }
        MemoryPeerNetwork other = link.other(this);
        CompletableFuture<BulkReceiver> accepted = new CompletableFuture<>();
        link.deliver(
                () ->
                        other.executor(self())
                                .execute(
                                        () -> {
                                            try {
                                                accepted.complete(
                                                        other.handler().onBulk(self(), streamId));
                                            } catch (RuntimeException e) {
                                                accepted.completeExceptionally(
                                                        new PeerErrorException(
                                                                to,
                                                                ErrorCode.REFUSED,
                                                                "node="
                                                                        + to
                                                                        + " refused stream="
                                                                        + streamId
                                                                        + ": "
                                                                        + e.getMessage()));
                                            }
                                        }));
        link.onDown(why -> accepted.completeExceptionally(PeerLostException.notSent(to, why)));
        try {
            return new MemoryBulk(link, to, streamId, accepted.join());
        } catch (java.util.concurrent.CompletionException e) {
            throw e.getCause() instanceof MigException known ? known : e;
        }
    }

    /** There is no port; networks of one hub find each other by name. */
    @Override
    public int boundPort() {
        return 0;
    }

    @Override
    public void close() {
        hub.stopped(this);
    }
}
