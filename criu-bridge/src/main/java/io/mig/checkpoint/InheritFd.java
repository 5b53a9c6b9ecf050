package io.mig.checkpoint;

import java.util.Objects;

/**
 * One open descriptor of the criu process that takes the place of something in the images.
 *
 * @param key CRIU's name of the thing: {@code pipe:[INODE]}, {@code socket:[INODE]}, {@code
 *     tty[RDEV:DEV]} (hex), {@code file[MNT:INODE]} (hex) or the path of a regular file without the
 *     leading slash; a pipe's two ends share one key
 * @param fd the number inside the criu process
 */
public record InheritFd(String key, int fd) {
    public InheritFd {
        Objects.requireNonNull(key);
        if (key.isBlank() || fd < 0) {
            throw new IllegalArgumentException(
                    "inherited descriptor needs a key and a number: key=" + key + " fd=" + fd);
        }
    }
}
