package io.mig.home.journal;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What was found when the journal was opened.
 *
 * @param file the journal
 * @param movedAside where a broken file went; empty when all was well
 * @param trouble what was wrong with it, or empty
 */
public record OpenReport(Path file, Optional<Path> movedAside, String trouble) {

    static OpenReport fine(Path file) {
        return new OpenReport(file, Optional.empty(), "");
    }
}
