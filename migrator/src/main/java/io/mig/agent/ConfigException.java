package io.mig.agent;

/** The configuration cannot be used; the message has one line per fault. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ConfigException(String message) {
        super(message);
    }
}
