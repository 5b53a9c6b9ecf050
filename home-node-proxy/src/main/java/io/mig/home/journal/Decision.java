package io.mig.home.journal;

/**
 * What the journal says about a move. {@code INTENT -> COMMITTED | ABORTED}; the two ends are
 * final.
 *
 * <p>A move that the journal has never heard of is {@link #UNKNOWN}: it has not been committed, and
 * recording an abort for it makes sure that it never will.
 */
public enum Decision {
    UNKNOWN,
    INTENT,
    COMMITTED,
    ABORTED;

    public boolean isFinal() {
        return this == COMMITTED || this == ABORTED;
    }
}
