package io.mig.migration;

import com.google.protobuf.MessageLite;
import io.mig.model.ErrorCode;
import io.mig.model.MigException;
import io.mig.model.NodeId;
import io.mig.model.PeerErrorException;
import io.mig.model.PeerLostException;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import io.mig.transport.Responder;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks other agents, or this one when it plays several roles at once, with typed messages. Calls
 * block the calling (virtual) thread. Thread-safe after all handlers were added.
 */
public final class Calls {
    private static final Logger LOG = LoggerFactory.getLogger(Calls.class);

    /** Serves one kind of request; may block, runs on a virtual thread of its own. */
    @FunctionalInterface
    public interface Handler<Q extends MessageLite> {
        MessageLite handle(NodeId from, Q request) throws Exception;
    }

    /** Takes one kind of one-way message, in order per peer; must not block for long. */
    @FunctionalInterface
    public interface Listener<M extends MessageLite> {
        void take(NodeId from, M message);
    }

    private final PeerNetwork network;
    private final Duration timeout;
    private final Map<Class<?>, Handler<MessageLite>> handlers = new ConcurrentHashMap<>();
    private final Map<Class<?>, Listener<MessageLite>> listeners = new ConcurrentHashMap<>();

    /**
     * @param timeout how long an ordinary answer may take
     */
    public Calls(PeerNetwork network, Duration timeout) {
        this.network = network;
        this.timeout = timeout;
    }

    public NodeId self() {
        return network.self();
    }

    public <Q extends MessageLite> void serve(Class<Q> request, Handler<Q> handler) {
        handlers.put(request, (from, message) -> handler.handle(from, request.cast(message)));
    }

    public <M extends MessageLite> void listen(Class<M> message, Listener<M> listener) {
        listeners.put(message, (from, m) -> listener.take(from, message.cast(m)));
    }

    public <R extends MessageLite> R ask(NodeId to, MessageLite request, Class<R> reply) {
        return ask(to, request, reply, timeout);
    }

    /**
     * Asks and waits.
     *
     * @throws PeerLostException no answer; the outcome is unknown
     * @throws MigException the other side refused or failed, with its words
     */
    public <R extends MessageLite> R ask(
            NodeId to, MessageLite request, Class<R> reply, Duration patience) {
        MessageLite answer = to.equals(self()) ? askSelf(request) : askPeer(to, request, patience);
        if (!reply.isInstance(answer)) {
            throw new PeerErrorException(
                    to,
                    ErrorCode.INTERNAL,
                    "answer of class="
                            + answer.getClass().getSimpleName()
                            + " to request="
                            + request.getClass().getSimpleName());
        }
        return reply.cast(answer);
    }

    private MessageLite askSelf(MessageLite request) {
        try {
            return handler(request).handle(self(), request);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PeerLostException(self(), "interrupted");
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new PeerErrorException(
                    self(), ErrorCode.INTERNAL, String.valueOf(e.getMessage()));
        }
    }

    private MessageLite askPeer(NodeId to, MessageLite request, Duration patience) {
        try {
            PeerMessage answer =
                    network.request(to, MessageType.pack(request), patience)
                            .get(patience.toMillis() + 1000, TimeUnit.MILLISECONDS);
            return MessageType.unpack(answer);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PeerLostException(to, "interrupted while waiting");
        } catch (TimeoutException e) {
            throw new PeerLostException(to, "no answer within " + patience);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof MigException known) {
                throw known;
            }
            throw new PeerLostException(to, String.valueOf(e.getCause()));
        }
    }

    private Handler<MessageLite> handler(MessageLite request) {
        Handler<MessageLite> handler = handlers.get(request.getClass());
        if (handler == null) {
            throw new PeerErrorException(
                    self(),
                    ErrorCode.BAD_REQUEST,
                    "nobody serves request=" + request.getClass().getSimpleName());
        }
        return handler;
    }

    /** One way; dropped when the peer is down. */
    public void tell(NodeId to, MessageLite message) {
        if (to.equals(self())) {
            deliver(self(), message);
        } else {
            network.send(to, MessageType.pack(message));
        }
    }

    /** A request came in from a peer. */
    public void onRequest(NodeId from, PeerMessage message, Responder responder) {
        Thread.ofVirtual()
                .name("call-" + from + "-" + message.type())
                .start(() -> answer(from, message, responder));
    }

    private void answer(NodeId from, PeerMessage message, Responder responder) {
        try {
            MessageLite request = MessageType.unpack(message);
            responder.reply(MessageType.pack(handler(request).handle(from, request)));
        } catch (MigException e) {
            LOG.info(
                    "refused a request: from={} type={} code={} {}",
                    from,
                    message.type(),
                    e.code(),
                    e.getMessage());
            responder.fail(e.code(), text(e));
        } catch (IllegalArgumentException e) {
            LOG.warn("bad request: from={} type={} {}", from, message.type(), e.getMessage());
            responder.fail(ErrorCode.BAD_REQUEST, text(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            responder.fail(ErrorCode.INTERNAL, "agent is stopping");
        } catch (Exception e) {
            LOG.warn("request failed: from={} type={}", from, message.type(), e);
            responder.fail(ErrorCode.INTERNAL, text(e));
        }
    }

    private static String text(Exception e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }

    /** A one-way message came in from a peer. */
    public void onMessage(NodeId from, PeerMessage message) {
        deliver(from, MessageType.unpack(message));
    }

    private void deliver(NodeId from, MessageLite message) {
        Listener<MessageLite> listener = listeners.get(message.getClass());
        if (listener == null) {
            LOG.warn(
                    "nobody listens: from={} message={}", from, message.getClass().getSimpleName());
            return;
        }
        listener.take(from, message);
    }
}
