package io.mig.model;

/** Another agent answered with an error; its code and message are kept. */
public final class PeerErrorException extends MigException {
    private static final long serialVersionUID = 1;

    private final NodeId peer;

    public PeerErrorException(NodeId peer, ErrorCode code, String message) {
        super(code, false, message);
        this.peer = peer;
    }

    public NodeId peer() {
        return peer;
    }
}
