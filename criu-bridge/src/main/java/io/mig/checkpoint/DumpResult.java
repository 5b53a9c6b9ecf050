package io.mig.checkpoint;

import java.time.Duration;
import java.util.Optional;

/**
 * What a dump did.
 *
 * @param duration from our request to CRIU's answer, listeners included
 * @param stats CRIU's own figures; empty when it wrote none
 */
public record DumpResult(Duration duration, Optional<DumpStats> stats) {}
