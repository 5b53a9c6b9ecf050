package io.mig.model;

/**
 * Something was asked for that cannot or must not be done; nothing was changed. The message says
 * why and what to do.
 */
public final class RefusedException extends MigException {
    private static final long serialVersionUID = 1;

    public RefusedException(ErrorCode code, String message) {
        super(code, false, message);
    }

    public RefusedException(ErrorCode code, boolean retryable, String message) {
        super(code, retryable, message);
    }
}
