package io.mig.transport.netty;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.mig.model.ErrorCode;
import io.mig.model.MigException;
import io.mig.model.NodeId;
import io.mig.model.PeerErrorException;
import io.mig.model.PeerLostException;
import io.mig.model.RefusedException;
import io.mig.transport.BulkReceiver;
import io.mig.transport.LinkLoad;
import io.mig.transport.OrderedExecutor;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerState;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this agent knows of one peer: its connection, if there is one, the requests that wait for
 * answers, and the bulk streams, which end with the connection. Thread-safe: the connection changes
 * under the monitor, which is never held while something blocks. What comes in is handed over in
 * order on virtual threads.
 */
@SuppressWarnings("ReferenceEquality") // channels are compared as the objects that they are
final class PeerLink {
    private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);
    private static final int MAX_WAITING = 16_384;

    /** Who goes on sending although {@link #writable} said no loses the connection here. */
    private static final long MAX_OUTBOUND = 64L << 20;

    /** What a message costs in a queue besides its bytes. */
    private static final int MESSAGE_COST = 256;

    /** Reasons told per outage; there are never many, except when somebody plays with us. */
    private static final int MAX_TOLD = 8;

    /**
     * @param inlineUntil when it is given up, in nanoseconds, if it ends on the event loop; 0 if it
     *     ends on a thread of its own
     */
    private record Waiting(
            Channel channel, int type, CompletableFuture<PeerMessage> answer, long inlineUntil) {
        boolean inline() {
            return inlineUntil != 0;
        }
    }

    private final NodeId peer;
    private final PeerHandler handler;
    private final OrderedExecutor inbound;
    private final Map<Long, Waiting> waiting = new ConcurrentHashMap<>();
    private final Set<Bulk> bulks = ConcurrentHashMap.newKeySet();
    private final AtomicLong ids = new AtomicLong();
    private final Throughput throughput = new Throughput();
    private volatile @Nullable Channel channel;
    private volatile PeerState state =
            new PeerState(false, Instant.now(), Optional.empty(), "not connected yet");
    // guarded by this
    private final Set<String> told = new HashSet<>();
    private boolean closed;

    PeerLink(NodeId peer, PeerHandler handler) {
        this.peer = peer;
        this.handler = handler;
        this.inbound = new OrderedExecutor("peer-" + peer);
    }

    NodeId peer() {
        return peer;
    }

    PeerState state() {
        return state;
    }

    boolean isUp() {
        return channel != null;
    }

    OrderedExecutor inbound() {
        return inbound;
    }

    /**
     * A connection is verified and greeted, and nothing that came on it was handed over yet. A
     * former one is given up.
     */
    synchronized void up(Channel fresh, PeerFacts facts) {
        if (closed) {
            fresh.close();
            return;
        }
        Channel old = channel;
        if (old != null) {
            lost("it connected anew");
            Channels.drop(old);
        }
        Duration outage = Duration.between(state.since(), Instant.now());
        channel = fresh;
        state = new PeerState(true, Instant.now(), Optional.of(facts), "");
        told.clear();
        LOG.info(
                "peer is up: peer={} address={} after={} ms",
                peer,
                fresh.remoteAddress(),
                outage.toMillis());
        inbound.execute(() -> handler.onPeerUp(peer, facts));
    }

    /** A connection is gone. */
    synchronized void down(Channel gone, String why) {
        if (channel == gone) {
            lost(why);
        }
    }

    private void lost(String why) {
        Channel gone = channel;
        channel = null;
        state = new PeerState(false, Instant.now(), state.facts(), why);
        if (closed) {
            LOG.info("peer is down: peer={} reason={}", peer, why);
        } else {
            told.add(why);
            LOG.warn("peer is down: peer={} reason={}", peer, why);
        }
        for (Long id : List.copyOf(waiting.keySet())) {
            Waiting request = waiting.get(id);
            if (request != null && request.channel == gone) {
                fail(id, "the connection was lost (" + why + ")");
            }
        }
        bulks.forEach(bulk -> bulk.lost(why));
        inbound.execute(() -> handler.onPeerDown(peer, why));
    }

    /** An attempt to connect failed: said once per outage and reason. */
    synchronized void unreachable(String address, String why) {
        if (channel != null || closed) {
            return;
        }
        state = new PeerState(false, state.since(), state.facts(), why);
        if (told.size() < MAX_TOLD && told.add(why)) {
            LOG.warn("cannot connect, trying on: peer={} address={} reason={}", peer, address, why);
        }
    }

    CompletableFuture<PeerMessage> request(PeerMessage message, Duration timeout) {
        return request(message, timeout, false);
    }

    /** Its time is looked at by {@link #expire} only. */
    CompletableFuture<PeerMessage> requestInline(PeerMessage message, Duration timeout) {
        return request(message, timeout, true);
    }

    private CompletableFuture<PeerMessage> request(
            PeerMessage message, Duration timeout, boolean inline) {
        CompletableFuture<PeerMessage> answer = new CompletableFuture<>();
        Channel current = channel;
        if (current == null) {
            answer.completeExceptionally(notSent());
            return answer;
        }
        if (waiting.size() >= MAX_WAITING) {
            answer.completeExceptionally(
                    new RefusedException(
                            ErrorCode.BUSY,
                            true,
                            "too many requests wait for peer="
                                    + peer
                                    + ": waiting="
                                    + waiting.size()
                                    + " type="
                                    + message.type()));
            return answer;
        }
        long id = ids.incrementAndGet();
        long until = inline ? System.nanoTime() + timeout.toNanos() | 1 : 0;
        waiting.put(id, new Waiting(current, message.type(), answer, until));
        if (!inline) {
            timeOut(id, timeout, answer);
        }
        write(current, Wire.REQUEST, id, message.type(), message.body());
        if (channel != current) {
            fail(id, "the connection was lost while asking");
        }
        return answer;
    }

    private void timeOut(long id, Duration timeout, CompletableFuture<PeerMessage> answer) {
        // one that is forgotten when it is cancelled: there may be ten thousand requests a second
        ScheduledFuture<?> timer =
                ForkJoinPool.commonPool()
                        .schedule(
                                () -> fail(id, "no answer within " + timeout.toMillis() + " ms"),
                                timeout.toMillis(),
                                TimeUnit.MILLISECONDS);
        answer.whenComplete((_, _) -> timer.cancel(false));
    }

    /** Gives up inline requests whose time is over. */
    void expire() {
        long now = System.nanoTime();
        waiting.forEach(
                (id, request) -> {
                    if (request.inline() && now - request.inlineUntil > 0) {
                        fail(id, "no answer in time");
                    }
                });
    }

    PeerLostException notSent() {
        return PeerLostException.notSent(peer, state.why());
    }

    private void fail(long id, String why) {
        Waiting request = waiting.remove(id);
        if (request != null) {
            fail(
                    request,
                    new PeerLostException(
                            peer, why + ", request type=" + request.type + " id=" + id));
        }
    }

    private static void fail(Waiting request, RuntimeException error) {
        onOwnThread(() -> request.answer.completeExceptionally(error));
    }

    /**
     * What waits for an answer may block: not on an event loop, and not in the way of other
     * messages.
     */
    private static void onOwnThread(Runnable completion) {
        Thread.ofVirtual().name("peer-answer").start(completion);
    }

    void send(PeerMessage message) {
        Channel current = channel;
        if (current != null) {
            write(current, Wire.ONE_WAY, 0, message.type(), message.body());
        }
    }

    boolean writable() {
        Channel current = channel;
        return current != null && current.isWritable();
    }

    void onWritable() {
        inbound.execute(() -> handler.onWritable(peer));
    }

    void write(Channel to, byte kind, long id, int type, byte[] body) {
        write(to, kind, id, type, UnsafeByteOperations.unsafeWrap(body));
    }

    void write(Channel to, byte kind, long id, int type, ByteString body) {
        if (!to.isActive()) {
            return;
        }
        if (!to.isWritable() && to.bytesBeforeWritable() > MAX_OUTBOUND) {
            down(
                    to,
                    "it does not take what is sent to it, waiting bytes="
                            + to.bytesBeforeWritable());
            Channels.drop(to);
            return;
        }
        to.writeAndFlush(Wire.frame(to.alloc(), kind, id, type, body));
        throughput.handedOver(body.size(), pending(to), System.nanoTime());
    }

    private static long pending(Channel channel) {
        return channel.isWritable()
                ? NettyPeerNetwork.OUTBOUND.high() - channel.bytesBeforeUnwritable()
                : NettyPeerNetwork.OUTBOUND.low() + channel.bytesBeforeWritable();
    }

    LinkLoad load() {
        Channel current = channel;
        return current == null ? LinkLoad.IDLE : new LinkLoad(pending(current), throughput.rate());
    }

    /** A frame came in; the buffer is only valid now. Called on the connection's event loop. */
    void frame(Channel from, InboundGate gate, byte kind, long id, int type, ByteBuf body) {
        switch (kind) {
            case Wire.REQUEST -> {
                PeerMessage message = message(type, body);
                Answer answer = new Answer(this, from, id);
                if (handler.inline(type)) {
                    ask(message, answer);
                } else {
                    handOver(gate, message, () -> ask(message, answer));
                }
            }
            case Wire.ONE_WAY -> {
                PeerMessage message = message(type, body);
                if (handler.inline(type)) {
                    tell(message);
                } else {
                    handOver(gate, message, () -> handler.onMessage(peer, message));
                }
            }
            case Wire.REPLY -> {
                PeerMessage message = message(type, body);
                // none waits when it came after its time
                Waiting request = waiting.remove(id);
                if (request != null && request.inline()) {
                    request.answer.complete(message);
                } else if (request != null) {
                    onOwnThread(() -> request.answer.complete(message));
                }
            }
            case Wire.ERROR -> {
                String text = body.toString(StandardCharsets.UTF_8);
                Waiting request = waiting.remove(id);
                if (request != null) {
                    fail(request, new PeerErrorException(peer, ErrorCode.of(type), text));
                }
            }
            default -> throw new ProtocolException("unexpected frame kind=" + kind);
        }
    }

    private void tell(PeerMessage message) {
        try {
            handler.onMessage(peer, message);
        } catch (RuntimeException e) {
            LOG.error("message failed: peer={} type={}", peer, message.type(), e);
        }
    }

    private void ask(PeerMessage message, Answer answer) {
        try {
            handler.onRequest(peer, message, answer);
        } catch (MigException e) {
            answer.fail(e.code(), String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.error("request failed: peer={} type={}", peer, message.type(), e);
            answer.fail(ErrorCode.INTERNAL, "request type=" + message.type() + " failed: " + e);
        }
    }

    private void handOver(InboundGate gate, PeerMessage message, Runnable task) {
        int cost = message.body().size() + MESSAGE_COST;
        gate.entered(cost);
        inbound.execute(
                () -> {
                    try {
                        task.run();
                    } finally {
                        gate.left(cost);
                    }
                });
    }

    private static PeerMessage message(int type, ByteBuf body) {
        if (type == 0) {
            throw new ProtocolException("message without a type");
        }
        return new PeerMessage(type, UnsafeByteOperations.unsafeWrap(ByteBufUtil.getBytes(body)));
    }

    BulkReceiver bulkReceiver(String stream) {
        return handler.onBulk(peer, stream);
    }

    void add(Bulk bulk) {
        bulks.add(bulk);
    }

    void remove(Bulk bulk) {
        bulks.remove(bulk);
    }

    /** Loses the connection, if there is one. */
    void drop(String why) {
        Channel open = channel;
        if (open != null) {
            down(open, why);
            Channels.drop(open);
        }
    }

    /** This agent stops: says goodbye. */
    void close() {
        Channel open;
        synchronized (this) {
            closed = true;
            open = channel;
        }
        if (open != null) {
            down(open, "this agent is stopping");
            open.close();
        }
    }
}
