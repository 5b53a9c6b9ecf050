package io.mig.json;

/** A JSON number without fraction or exponent that fits 64 bits. */
public record JsonLong(long number) implements JsonValue {}
