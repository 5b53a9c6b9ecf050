package io.mig.files.wire;

/** The peer said something outside the protocol. */
public final class BadFrameException extends Exception {
    private static final long serialVersionUID = 1;

    public BadFrameException(String message) {
        super(message);
    }
}
