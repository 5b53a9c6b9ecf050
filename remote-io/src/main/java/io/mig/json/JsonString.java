package io.mig.json;

import java.util.Objects;

/** JSON text. */
public record JsonString(String text) implements JsonValue {
    public JsonString {
        Objects.requireNonNull(text, "text");
    }
}
