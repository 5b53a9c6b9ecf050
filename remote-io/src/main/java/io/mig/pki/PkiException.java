package io.mig.pki;

import io.mig.model.ErrorCode;
import io.mig.model.MigException;

/**
 * A certificate, key or token that cannot be made, read or accepted. The message says what to do.
 */
public final class PkiException extends MigException {
    private static final long serialVersionUID = 1;

    public PkiException(String message) {
        super(ErrorCode.REFUSED, false, message);
    }

    public PkiException(String message, Throwable cause) {
        super(ErrorCode.REFUSED, false, message);
        initCause(cause);
    }
}
