package io.mig.home.journal;

import io.mig.model.ErrorCode;
import io.mig.model.MigException;

/**
 * The journal could not do what was asked because of its disk or its state (what it refuses on the
 * merits is a {@link DecisionRefusedException}).
 */
public final class JournalException extends MigException {
    private static final long serialVersionUID = 1;

    /** What is certain about the change that was asked for. */
    public enum Outcome {
        /** It has not happened and will not happen by itself. */
        NOT_DONE,
        /** It may have happened: ask {@link Journal#decision} before acting. */
        UNKNOWN
    }

    private final Outcome outcome;

    JournalException(Outcome outcome, String message) {
        super(ErrorCode.NOT_DURABLE, outcome == Outcome.NOT_DONE, message);
        this.outcome = outcome;
    }

    JournalException(Outcome outcome, String message, Throwable cause) {
        this(outcome, message);
        initCause(cause);
    }

    public Outcome outcome() {
        return outcome;
    }
}
