package io.mig.migration.preflight;

import java.util.List;

/**
 * The answer.
 *
 * @param obstacles empty when the process can move
 * @param streams what has to be carried; complete only when there are no obstacles
 * @param hints worth knowing, not in the way
 */
public record PreflightReport(List<Obstacle> obstacles, StreamPlan streams, List<String> hints) {
    public PreflightReport {
        obstacles = List.copyOf(obstacles);
        hints = List.copyOf(hints);
    }

    public boolean movable() {
        return obstacles.isEmpty();
    }

    /** There are obstacles, and each is likely to go away within moments. */
    public boolean worthRetrying() {
        return !obstacles.isEmpty() && obstacles.stream().allMatch(Obstacle::transientObstacle);
    }
}
