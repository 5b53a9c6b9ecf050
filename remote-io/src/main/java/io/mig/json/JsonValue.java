package io.mig.json;

import org.jspecify.annotations.Nullable;

/**
 * One JSON value (RFC 8259), immutable. The alternatives are closed, so a {@code switch} over them
 * needs no default. The {@code of} factories take a null reference as JSON {@code null}, which
 * keeps builders of optional facts short.
 */
public sealed interface JsonValue
        permits JsonArray, JsonBoolean, JsonDouble, JsonLong, JsonNull, JsonObject, JsonString {
    /** Text, or JSON {@code null}. */
    static JsonValue of(@Nullable String text) {
        return text == null ? JsonNull.NULL : new JsonString(text);
    }

    /** A whole number. */
    static JsonValue of(long number) {
        return new JsonLong(number);
    }

    /** A number; NaN and the infinities, which JSON cannot say, become JSON {@code null}. */
    static JsonValue of(double number) {
        return Double.isFinite(number) ? new JsonDouble(number) : JsonNull.NULL;
    }

    /** A truth value. */
    static JsonValue of(boolean truth) {
        return new JsonBoolean(truth);
    }
}
