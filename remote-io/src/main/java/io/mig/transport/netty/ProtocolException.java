package io.mig.transport.netty;

/**
 * The other side broke the rules of the conversation, or is not who it must be: the connection is
 * over.
 */
final class ProtocolException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ProtocolException(String message) {
        super(message);
    }
}
