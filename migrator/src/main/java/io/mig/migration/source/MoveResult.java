package io.mig.migration.source;

import io.mig.migration.Phases.Phase;
import java.time.Duration;
import java.util.List;

/**
 * How a committed move went.
 *
 * @param freeze from the freeze here until the target confirmed that the body runs
 * @param bytes sent to the target
 */
public record MoveResult(
        MoveOrder order,
        String mode,
        Duration freeze,
        Duration total,
        long bytes,
        List<Phase> phases) {
    public MoveResult {
        phases = List.copyOf(phases);
    }
}
