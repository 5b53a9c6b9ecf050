package io.mig.home.journal;

import java.time.Duration;
import java.util.List;

/**
 * How a decided move went.
 *
 * @param mode how the pages travelled, for people ("dump", ...)
 * @param phases in order
 * @param bytes sent over the network
 * @param freeze time between freeze and thaw
 * @param total time between request and report
 * @param outcome one sentence for people: what became of it and why
 */
public record MoveReport(
        String mode,
        List<Phase> phases,
        long bytes,
        Duration freeze,
        Duration total,
        String outcome) {

    private static final int MAX_PHASES = 64;

    /** One step of the move and how long it took; stored in microseconds. */
    public record Phase(String name, Duration took) {
        public Phase {
            if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\n') >= 0) {
                throw new IllegalArgumentException(
                        "phase name=" + name + " is empty or has '=' or a line end in it");
            }
        }
    }

    public MoveReport {
        phases = List.copyOf(phases);
        if (phases.size() > MAX_PHASES) {
            throw new IllegalArgumentException(
                    "phases=" + phases.size() + " above the limit=" + MAX_PHASES);
        }
        if (bytes < 0 || freeze.isNegative() || total.isNegative()) {
            throw new IllegalArgumentException(
                    "negative figure in a move report: bytes="
                            + bytes
                            + " freeze="
                            + freeze
                            + " total="
                            + total);
        }
    }
}
