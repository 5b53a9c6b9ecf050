package io.mig.home.relay;

import io.mig.transport.local.LocalHandler;
import io.mig.transport.local.LocalPeer;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent's side of the hull socket: makes endpoints of connections.
 *
 * <p>Give {@link #accept} to a local server that listens on the hull socket (mode 0666: deputies
 * run as their users). A connection must begin with HELLO; who it says to be is compared with the
 * credentials the kernel gives, and with what the listeners know. Until then a connection is
 * nobody, may say nothing else, and there is only room for a few of them.
 *
 * <p>Thread-safe. Listeners are called on the connections' event loops and must not block.
 */
public final class HullServer {
    private static final Logger LOG = LoggerFactory.getLogger(HullServer.class);
    private static final int MAX_NOBODIES = 256;
    static final int MAX_HELLO_BYTES = 4096;

    private final List<HullListener> listeners;
    private final AtomicInteger nobodies = new AtomicInteger();

    // guarded by "registry"
    private final Object registry = new Object();
    private final Map<Integer, DeputyEndpoint> deputies = new HashMap<>();
    private final Map<UUID, CapsuleEndpoint> capsules = new HashMap<>();

    /**
     * @param listeners called in this order
     */
    public HullServer(List<HullListener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    /** Handler of one new connection. */
    public LocalHandler accept(LocalPeer peer) {
        return new HullConnection(this, peer);
    }

    /** The deputy or keeper of this link, if it is connected. */
    public Optional<DeputyEndpoint> deputy(int link) {
        synchronized (registry) {
            return Optional.ofNullable(deputies.get(link));
        }
    }

    public Optional<CapsuleEndpoint> capsule(UUID id) {
        synchronized (registry) {
            return Optional.ofNullable(capsules.get(id));
        }
    }

    public Collection<CapsuleEndpoint> capsules() {
        synchronized (registry) {
            return List.copyOf(capsules.values());
        }
    }

    boolean nobodyEnters() {
        if (nobodies.incrementAndGet() <= MAX_NOBODIES) {
            return true;
        }
        nobodies.decrementAndGet();
        return false;
    }

    void nobodyLeaves() {
        nobodies.decrementAndGet();
    }

    /** Lets an endpoint in; throws when its sender cannot be who it says. */
    Endpoint register(Hello hello, LocalPeer peer, HullChannel channel) throws FrameException {
        for (HullListener listener : listeners) {
            Optional<String> objection = listener.objection(hello, peer.pid(), peer.uid());
            if (objection.isPresent()) {
                throw new FrameException(objection.get());
            }
        }
        return switch (hello) {
            case Hello.OfDeputy deputy -> {
                if (deputy.self() != peer.pid()) {
                    throw new FrameException(
                            "HELLO of pid=" + deputy.self() + " came from pid=" + peer.pid());
                }
                DeputyEndpoint endpoint =
                        new DeputyEndpoint(channel, peer.pid(), peer.uid(), deputy);
                synchronized (registry) {
                    replace(deputies.put(deputy.link(), endpoint));
                    each(listener -> listener.onDeputy(endpoint));
                }
                yield endpoint;
            }
            case Hello.OfCapsule capsule -> {
                if (peer.uid() != 0) {
                    throw new FrameException(
                            "a capsule runs as root, this one as uid=" + peer.uid());
                }
                CapsuleEndpoint endpoint =
                        new CapsuleEndpoint(channel, peer.pid(), peer.uid(), capsule.capsule());
                synchronized (registry) {
                    replace(capsules.put(capsule.capsule(), endpoint));
                    each(listener -> listener.onCapsule(endpoint));
                }
                yield endpoint;
            }
        };
    }

    private void replace(@Nullable Endpoint old) {
        if (old != null) {
            LOG.debug("{} is replaced by a new connection", old);
            gone(old);
            old.close();
        }
    }

    void dispatch(Endpoint endpoint, Frame frame) throws FrameException {
        if (frame.isEndToEnd()) {
            each(listener -> listener.onEndToEnd(endpoint, frame));
            return;
        }
        if (endpoint instanceof CapsuleEndpoint capsule && FrameType.isReply(frame.type())) {
            capsule.onReply(frame);
            return;
        }
        FrameType type = FrameType.of(frame.type()).orElse(FrameType.HELLO);
        boolean fits =
                switch (endpoint) {
                    case DeputyEndpoint _ ->
                            type == FrameType.READY
                                    || type == FrameType.STATE
                                    || type == FrameType.ENDED;
                    case CapsuleEndpoint _ -> type == FrameType.EVENT;
                };
        if (!fits) {
            throw new FrameException("frame that does not belong here: " + frame);
        }
        each(listener -> listener.onHop(endpoint, type, frame.text()));
    }

    /** The connection of a registered endpoint is gone, or was replaced; told once. */
    void gone(Endpoint endpoint) {
        synchronized (registry) {
            if (!endpoint.markGone()) {
                return;
            }
            switch (endpoint) {
                case DeputyEndpoint deputy -> deputies.remove(deputy.link(), deputy);
                case CapsuleEndpoint capsule -> capsules.remove(capsule.id(), capsule);
            }
            each(listener -> listener.onGone(endpoint));
        }
    }

    private void each(Consumer<HullListener> call) {
        for (HullListener listener : listeners) {
            try {
                call.accept(listener);
            } catch (RuntimeException e) {
                LOG.error("a listener of the hull socket failed: {}", listener, e);
            }
        }
    }
}
