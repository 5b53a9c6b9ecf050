package io.mig.migration.target;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What a target needs to know of its own node.
 *
 * @param movesDir directory for images, on tmpfs
 * @param guestsDir directory for guest records, as long-lived as the capsules
 * @param criu the CRIU program
 * @param shared folders that may be the same storage on other nodes
 * @param maxGuests bodies that may be here at once
 * @param memoryReserveBytes memory that must stay free
 * @param guestsOfRoot whether bodies of root's processes may come
 * @param criuTimeout how long a restore may be silent
 * @param homeFiles whether guests get the files of their home as root
 */
public record TargetConfig(
        Path movesDir,
        Path guestsDir,
        Path criu,
        List<Path> shared,
        int maxGuests,
        long memoryReserveBytes,
        boolean guestsOfRoot,
        Duration criuTimeout,
        boolean homeFiles) {
    public TargetConfig {
        shared = List.copyOf(shared);
    }
}
