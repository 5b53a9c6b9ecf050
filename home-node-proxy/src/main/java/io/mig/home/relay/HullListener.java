package io.mig.home.relay;

import java.util.Optional;

/**
 * Told about endpoints. Calls for one endpoint come in order, from one thread at a time, which must
 * not be blocked for long: nothing more is read from that endpoint meanwhile. Several listeners may
 * be registered; they are called in their order.
 */
public interface HullListener {
    /**
     * Whether an endpoint that says this may be let in, decided by what the kernel says about its
     * sender.
     *
     * @return why not; empty when there is no objection
     */
    default Optional<String> objection(Hello hello, int peerPid, int peerUid) {
        return Optional.empty();
    }

    /**
     * A deputy or keeper is connected. An earlier connection of the same link is replaced; {@link
     * #onGone} has been called for it.
     */
    default void onDeputy(DeputyEndpoint deputy) {}

    default void onCapsule(CapsuleEndpoint capsule) {}

    /** READY, STATE, ENDED of a deputy, EVENT of a capsule. */
    default void onHop(Endpoint endpoint, FrameType type, String text) {}

    /** A frame for the other side of a link. */
    default void onEndToEnd(Endpoint endpoint, Frame frame) {}

    /** The connection is gone. The program may live on and connect again, or not. */
    default void onGone(Endpoint endpoint) {}
}
