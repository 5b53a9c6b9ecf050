package io.mig.home.relay;

import io.mig.model.ErrorCode;
import io.mig.model.MigException;

/** A capsule did not answer: its connection broke or the time ran out. What it did is unknown. */
public final class EndpointLostException extends MigException {
    private static final long serialVersionUID = 1;

    EndpointLostException(String message) {
        super(ErrorCode.TIMEOUT, true, message);
    }
}
