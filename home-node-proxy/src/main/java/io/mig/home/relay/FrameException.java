package io.mig.home.relay;

/** The bytes on a hull connection are no frames of ours; the connection is of no use any more. */
public final class FrameException extends Exception {
    FrameException(String message) {
        super(message);
    }
}
