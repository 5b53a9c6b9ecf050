package io.mig.checkpoint;

import java.nio.file.Path;
import java.util.Objects;

/**
 * An image directory as we see it and as the criu process sees it; the two differ when criu lives
 * in another mount namespace. CRIU opens the path once, follows symbolic links, and uses the
 * directory as its working directory, so its log and statistics land there as well.
 */
public record ImagesLocation(Path local, String seenByCriu) {
    public ImagesLocation {
        Objects.requireNonNull(local);
        if (!seenByCriu.startsWith("/")) {
            throw new IllegalArgumentException(
                    "image directory must be an absolute path: " + seenByCriu);
        }
    }

    public static ImagesLocation same(Path directory) {
        Path absolute = directory.toAbsolutePath();
        return new ImagesLocation(absolute, absolute.toString());
    }
}
