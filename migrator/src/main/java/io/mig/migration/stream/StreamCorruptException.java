package io.mig.migration.stream;

/**
 * An image stream broke its own rules: wrong order, size, checksum, or a name that is no image
 * file's name.
 */
public final class StreamCorruptException extends RuntimeException {
    private static final long serialVersionUID = 1;

    StreamCorruptException(String message) {
        super(message);
    }

    StreamCorruptException(String message, Throwable cause) {
        super(message, cause);
    }
}
