package io.mig.ctl.render;

import io.mig.json.JsonObject;
import java.util.Optional;

/** How far another node's clock is from this one's, in words. */
public final class ClockWords {
    /** Clocks that are closer than that are called the same. */
    private static final long SAME_MILLIS = 2000;

    private ClockWords() {}

    /** Of a row of {@code mig nodes}; empty when the clocks are the same, or nobody knows. */
    public static Optional<String> apart(JsonObject row) {
        long ahead = row.integer("clockAheadMillis").orElse(0);
        return Math.abs(ahead) < SAME_MILLIS
                ? Optional.empty()
                : Optional.of(
                        Units.millis((double) Math.abs(ahead))
                                + (ahead > 0 ? " ahead of" : " behind")
                                + " this node's");
    }
}
