package io.mig.model;

/**
 * Base of the errors that are told to people or other agents: a code, and a message for the reader.
 */
public abstract class MigException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final ErrorCode code;
    private final boolean retryable;

    protected MigException(ErrorCode code, boolean retryable, String message) {
        super(message);
        this.code = code;
        this.retryable = retryable;
    }

    public ErrorCode code() {
        return code;
    }

    public ErrorKind kind() {
        return code.kind();
    }

    /** The same request may succeed in a moment. */
    public boolean retryable() {
        return retryable;
    }
}
