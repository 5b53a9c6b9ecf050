package io.mig.migration.target;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Whether the agent's state directory has space left. A node whose disk is full takes nothing: it
 * could not keep what it must know of it, nor contents of files of its home.
 *
 * @param directory state directory of the agent
 */
public record StateRoom(Path directory) {
    private static final long LEAST_BYTES = 4L << 20;

    /** What is missing, for people; empty when nothing is. */
    public Optional<String> missing() {
        try {
            long usable = Files.getFileStore(directory).getUsableSpace();
            return usable >= LEAST_BYTES
                    ? Optional.empty()
                    : Optional.of(
                            "its disk is full: state directory "
                                    + directory
                                    + " has "
                                    + (usable >> 10)
                                    + " KiB left, at least "
                                    + (LEAST_BYTES >> 10)
                                    + " KiB are needed");
        } catch (IOException e) {
            return Optional.of("its state directory " + directory + " cannot be read: " + e);
        }
    }
}
