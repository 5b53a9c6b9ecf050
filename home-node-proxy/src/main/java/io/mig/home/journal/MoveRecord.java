package io.mig.home.journal;

import java.time.Instant;
import java.util.Optional;

/**
 * A move as the journal knows it.
 *
 * @param intent what was wanted
 * @param decision INTENT, COMMITTED or ABORTED
 * @param begun when the intent was recorded
 * @param decided when it was decided
 * @param note why it was aborted, or empty
 * @param report figures, once there are any
 */
public record MoveRecord(
        MoveIntent intent,
        Decision decision,
        Instant begun,
        Optional<Instant> decided,
        String note,
        Optional<MoveReport> report) {}
