package io.mig.json;

/**
 * Text that is not the JSON that was asked for: malformed, over a limit, or without a required
 * field.
 */
public final class JsonException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public JsonException(String message) {
        super(message);
    }

    public JsonException(String message, Throwable cause) {
        super(message, cause);
    }
}
