package io.mig.balance.decide;

import io.mig.model.HomePid;

/**
 * Something to be done with a process where it is.
 *
 * @param process which
 * @param kind what
 */
public record Measure(HomePid process, Kind kind) {
    /** Grades of giving way to an owner, and their opposite. Each is safe to be repeated. */
    public enum Kind {
        RENICE,
        FREEZE,
        /** The owner is gone: thaw, and give back its priority. */
        RESTORE
    }
}
