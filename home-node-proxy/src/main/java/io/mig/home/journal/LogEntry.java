package io.mig.home.journal;

import io.mig.model.HomePid;
import java.time.Instant;
import java.util.Optional;

/** One line of the history: a move with its figures, or an event. */
public sealed interface LogEntry {
    Instant at();

    record Move(MoveRecord move) implements LogEntry {
        @Override
        public Instant at() {
            return move.begun();
        }
    }

    /**
     * Something worth remembering that is no move.
     *
     * @param process what it is about; empty for the node as a whole
     * @param kind short stable word, such as {@code deputy-killed}
     * @param text for people
     */
    record Event(Instant at, Optional<HomePid> process, String kind, String text)
            implements LogEntry {}
}
