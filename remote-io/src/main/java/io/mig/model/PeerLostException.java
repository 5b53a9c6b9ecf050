package io.mig.model;

/**
 * No answer: the connection broke or time ran out. What the other side did is unknown, unless
 * {@link #outcomeUnknown()} says that nothing was sent.
 */
public final class PeerLostException extends MigException {
    private static final long serialVersionUID = 1;

    private final boolean outcomeUnknown;

    public PeerLostException(NodeId peer, String message) {
        this(true, "no answer from node=" + peer + ", outcome unknown: " + message);
    }

    private PeerLostException(boolean outcomeUnknown, String message) {
        super(ErrorCode.PEER_LOST, true, message);
        this.outcomeUnknown = outcomeUnknown;
    }

    /** The peer could not be reached at all: it cannot have done anything. */
    public static PeerLostException notSent(NodeId peer, String message) {
        return new PeerLostException(
                false, "cannot reach node=" + peer + ", nothing was sent: " + message);
    }

    /** Whether the peer may have done what it was asked. */
    public boolean outcomeUnknown() {
        return outcomeUnknown;
    }
}
