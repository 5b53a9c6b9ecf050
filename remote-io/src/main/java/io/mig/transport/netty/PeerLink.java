package io.mig.transport.netty;

import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.model.PeerErrorException;
import io.mig.model.PeerLostException;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerState;
import io.mig.transport.Responder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this agent knows of one peer: its connection, if there is one, and the requests that wait
 * for answers. Thread-safe; what comes in is handed over in order on virtual threads.
 */
@SuppressWarnings("ReferenceEquality") // channels are compared as the objects that they are
final class PeerLink {
    private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);

    private final NodeId peer;
    private final PeerHandler handler;
    private final SerialExecutor inbound;
    private final Map<Long, CompletableFuture<PeerMessage>> waiting = new ConcurrentHashMap<>();
    private final AtomicLong ids = new AtomicLong();
    private volatile @Nullable Channel channel;
    private volatile PeerState state =
            new PeerState(false, Instant.now(), Optional.empty(), "not connected yet");

    PeerLink(NodeId peer, PeerHandler handler) {
        this.peer = peer;
        this.handler = handler;
        this.inbound = new SerialExecutor("peer-" + peer);
    }

    PeerState state() {
        return state;
    }

    /** A connection is verified and greeted. A former one is given up. */
    synchronized void up(Channel fresh, PeerFacts facts) {
        Channel old = channel;
        if (old != null && old != fresh) {
            lost("replaced by a new connection");
            old.close();
        }
        channel = fresh;
        state = new PeerState(true, Instant.now(), Optional.of(facts), "");
        LOG.info("peer is up: peer={} address={}", peer, fresh.remoteAddress());
        inbound.execute(() -> handler.onPeerUp(peer, facts));
    }

    /** A connection is gone. */
    synchronized void down(Channel gone, String why) {
        if (channel == gone) {
            lost(why);
        }
    }

    private void lost(String why) {
        channel = null;
        state = new PeerState(false, Instant.now(), state.facts(), why);
        LOG.info("peer is down: peer={} reason={}", peer, why);
        waiting.forEach(
                (id, future) -> {
                    if (waiting.remove(id) != null) {
                        future.completeExceptionally(
                                new PeerLostException(peer, "connection lost: " + why));
                    }
                });
        inbound.execute(() -> handler.onPeerDown(peer, why));
    }

    CompletableFuture<PeerMessage> request(PeerMessage message, Duration timeout) {
        Channel current = channel;
        if (current == null) {
            return CompletableFuture.failedFuture(
                    new PeerLostException(peer, "not connected, " + state.why()));
        }
        long id = ids.incrementAndGet();
        CompletableFuture<PeerMessage> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        write(current, Wire.REQUEST, id, message.type(), message.body().toByteArray());
        if (channel != current && waiting.remove(id) != null) {
            answer.completeExceptionally(
                    new PeerLostException(peer, "connection lost while asking"));
        }
        return answer.orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionallyCompose(
                        failure -> {
                            waiting.remove(id);
                            return CompletableFuture.failedFuture(
                                    failure instanceof TimeoutException
                                            ? new PeerLostException(
                                                    peer, "no answer within " + timeout)
                                            : failure);
                        });
    }

    void send(PeerMessage message) {
        Channel current = channel;
        if (current != null) {
            write(current, Wire.ONE_WAY, 0, message.type(), message.body().toByteArray());
        }
    }

    boolean writable() {
        Channel current = channel;
        return current != null && current.isWritable();
    }

    private static void write(Channel to, byte kind, long id, int type, byte[] body) {
        to.writeAndFlush(Wire.frame(to.alloc(), kind, id, type, body), to.voidPromise());
    }

    /** A frame came in; the buffer is only valid now. Called on the connection's event loop. */
    void frame(Channel from, byte kind, long id, int type, ByteBuf body) {
        switch (kind) {
            case Wire.REQUEST -> {
                PeerMessage message = message(type, body);
                inbound.execute(() -> handler.onRequest(peer, message, new Answer(from, id)));
            }
            case Wire.ONE_WAY -> {
                PeerMessage message = message(type, body);
                inbound.execute(() -> handler.onMessage(peer, message));
            }
            case Wire.REPLY -> {
                CompletableFuture<PeerMessage> answer = waiting.remove(id);
                if (answer != null) {
                    answer.complete(message(type, body));
                }
            }
            case Wire.ERROR -> {
                CompletableFuture<PeerMessage> answer = waiting.remove(id);
                if (answer != null) {
                    answer.completeExceptionally(
                            new PeerErrorException(
                                    peer,
                                    ErrorCode.of(type),
                                    body.toString(StandardCharsets.UTF_8)));
                }
            }
            default -> throw new IllegalArgumentException("unexpected frame kind=" + kind);
        }
    }

    private static PeerMessage message(int type, ByteBuf body) {
        return new PeerMessage(
                type,
                com.google.protobuf.UnsafeByteOperations.unsafeWrap(ByteBufUtil.getBytes(body)));
    }

    /** The answer to one request, over the connection that it came by. */
    private static final class Answer implements Responder {
        private final Channel to;
        private final long id;
        private final AtomicBoolean given = new AtomicBoolean();

        Answer(Channel to, long id) {
            this.to = to;
            this.id = id;
        }

        @Override
        public void reply(PeerMessage message) {
            if (given.compareAndSet(false, true)) {
                write(to, Wire.REPLY, id, message.type(), message.body().toByteArray());
            }
        }

        @Override
        public void fail(ErrorCode code, String message) {
            if (given.compareAndSet(false, true)) {
                write(to, Wire.ERROR, id, code.number(), Wire.text(message));
            }
        }
    }
}
