package io.mig.migration.source;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What a source needs to know of its own node.
 *
 * @param movesDir directory for images, on tmpfs
 * @param notesDir directory for notes about moves under way, on tmpfs
 * @param criu the CRIU program
 * @param criuTimeout how long a dump may be silent
 * @param attempts how often a move is tried when a passing obstacle stops it
 * @param homeFiles whether processes of this home keep seeing its files wherever they go
 */
public record SourceConfig(
        Path movesDir,
        Path notesDir,
        Path criu,
        Duration criuTimeout,
        int attempts,
        boolean homeFiles) {}
