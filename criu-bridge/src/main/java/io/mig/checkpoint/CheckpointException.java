package io.mig.checkpoint;

import io.mig.checkpoint.criu.jna.Errno;
import java.util.List;

/**
 * Freezing, dumping, restoring or reading images did not work. The message says what was tried, on
 * what, and why not; {@link #logExcerpt()} quotes CRIU's own lines around its first error.
 *
 * <p>{@link #outcome()} tells the one difference callers must act on: {@link Outcome#FAILED} means
 * CRIU answered "no", {@link Outcome#UNKNOWN} means there was no answer (CRIU died, hung, or the
 * connection broke), so the caller has to look before it concludes anything about the processes.
 */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** How sure we are about what happened. */
    public enum Outcome {
        FAILED,
        UNKNOWN
    }

    private final String message;
    private final Phase phase;
    private final Outcome outcome;
    private final int errno;
    private final List<String> logExcerpt;

    public CheckpointException(
            Phase phase, Outcome outcome, String message, int errno, List<String> logExcerpt) {
        super(render(phase, message, errno, logExcerpt));
        this.message = message;
        this.phase = phase;
        this.outcome = outcome;
        this.errno = errno;
        this.logExcerpt = List.copyOf(logExcerpt);
    }

    /** A definite failure without a log. */
    public static CheckpointException failed(Phase phase, String message, int errno) {
        return new CheckpointException(phase, Outcome.FAILED, message, errno, List.of());
    }

    /** No answer: what happened is not known. */
    public static CheckpointException unknown(
            Phase phase, String message, List<String> logExcerpt) {
        return new CheckpointException(phase, Outcome.UNKNOWN, message, 0, logExcerpt);
    }

    /** The same failure with one more thing to know. */
    public CheckpointException withNote(String note) {
        CheckpointException noted =
                new CheckpointException(phase, outcome, message + "; " + note, errno, logExcerpt);
        noted.setStackTrace(getStackTrace());
        if (getCause() != null) {
            noted.initCause(getCause());
        }
        return noted;
    }

    /** The same with a cause. */
    public CheckpointException causedBy(Throwable cause) {
        initCause(cause);
        return this;
    }

    public Phase phase() {
        return phase;
    }

    public Outcome outcome() {
        return outcome;
    }

    /** errno of the failure as CRIU or the kernel gave it, 0 when there was none. */
    public int errno() {
        return errno;
    }

    /**
     * CRIU's log lines around its first error, oldest first; empty when there was no log or no
     * error in it.
     */
    public List<String> logExcerpt() {
        return logExcerpt;
    }

    private static String render(Phase phase, String message, int errno, List<String> logExcerpt) {
        StringBuilder text = new StringBuilder(phase.toString()).append(": ").append(message);
        if (errno != 0) {
            text.append(" (").append(Errno.name(errno)).append(')');
        }
        for (String line : logExcerpt) {
            text.append("\n    criu: ").append(line);
        }
        return text.toString();
    }
}
