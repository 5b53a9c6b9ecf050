package io.mig.json;

/** JSON {@code true} or {@code false}. */
public record JsonBoolean(boolean truth) implements JsonValue {}
