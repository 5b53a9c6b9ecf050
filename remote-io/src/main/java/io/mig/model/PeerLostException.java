package io.mig.model;

/** No answer: the connection broke or time ran out. What the other side did is unknown. */
public final class PeerLostException extends MigException {
    private static final long serialVersionUID = 1;

    public PeerLostException(NodeId peer, String message) {
        super(
                ErrorCode.PEER_LOST,
                true,
                "no answer from node=" + peer + ", outcome unknown: " + message);
    }
}
