package io.mig.migration.source;

import io.mig.model.ErrorCode;
import io.mig.model.MigException;

/** A move did not happen; the process runs where it was. The message says at which step and why. */
public final class MoveFailedException extends MigException {
    private static final long serialVersionUID = 1;

    MoveFailedException(ErrorCode code, boolean retryable, String message, Throwable cause) {
        super(code, retryable, message);
        initCause(cause);
    }
}
