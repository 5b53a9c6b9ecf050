package io.mig.json;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object; fields keep the order in which they were put or read. The typed getters answer
 * "absent" alike for a missing field, for {@code null} and for a value of another type: a reader of
 * somebody else's object takes what it understands. Use the {@code require} forms where the field
 * is part of the contract.
 */
public record JsonObject(Map<String, JsonValue> fields) implements JsonValue {
    /** The object without fields. */
    public static final JsonObject EMPTY = new JsonObject(Map.of());

    public JsonObject {
        Map<String, JsonValue> copy = new LinkedHashMap<>(fields);
        copy.forEach(
                (name, value) -> {
                    Objects.requireNonNull(name, "name");
                    Objects.requireNonNull(value, name);
                });
        fields = Collections.unmodifiableMap(copy);
    }

    /** Starts an object. */
    public static Builder builder() {
        return new Builder();
    }

    /** The value of a field, or null when there is none. */
    public @Nullable JsonValue get(String name) {
        return fields.get(name);
    }

    /** The text of a field, or null when it is absent. */
    public @Nullable String string(String name) {
        return get(name) instanceof JsonString(String text) ? text : null;
    }

    /** The text of a field, or the fallback when it is absent. */
    public String string(String name, String fallback) {
        String text = string(name);
        return text == null ? fallback : text;
    }

    /** The whole number of a field. */
    public OptionalLong integer(String name) {
        return get(name) instanceof JsonLong(long number)
                ? OptionalLong.of(number)
                : OptionalLong.empty();
    }

    /** The number of a field, whole or not. */
    public OptionalDouble number(String name) {
        JsonValue value = get(name);
        if (value instanceof JsonLong whole) {
            return OptionalDouble.of((double) whole.number());
        }
        return value instanceof JsonDouble number
                ? OptionalDouble.of(number.number())
                : OptionalDouble.empty();
    }

    /** The truth value of a field, false when it is absent. */
    public boolean isTrue(String name) {
        return get(name) instanceof JsonBoolean(boolean truth) && truth;
    }

    /** The object in a field, the empty one when it is absent. */
    public JsonObject object(String name) {
        return get(name) instanceof JsonObject object ? object : EMPTY;
    }

    /** The array in a field, an empty one when it is absent. */
    public JsonArray array(String name) {
        return get(name) instanceof JsonArray array ? array : JsonArray.EMPTY;
    }

    /**
     * The text of a field that must be there.
     *
     * @throws JsonException when it is absent or no text
     */
    public String requireString(String name) {
        String text = string(name);
        if (text == null) {
            throw new JsonException("the field \"" + name + "\" is missing or no text");
        }
        return text;
    }

    /**
     * Collects fields in order; a later value of the same name replaces the earlier one. Not for
     * several threads.
     */
    public static final class Builder {
        private final Map<String, JsonValue> fields = new LinkedHashMap<>();

        private Builder() {}

        /** Adds any value. */
        public Builder put(String name, JsonValue value) {
            fields.put(name, value);
            return this;
        }

        /** Adds text, or JSON {@code null}. */
        public Builder put(String name, @Nullable String text) {
            return put(name, JsonValue.of(text));
        }

        /** Adds a whole number. */
        public Builder put(String name, long number) {
            return put(name, JsonValue.of(number));
        }

        /** Adds a number. */
        public Builder put(String name, double number) {
            return put(name, JsonValue.of(number));
        }

        /** Adds a truth value. */
        public Builder put(String name, boolean truth) {
            return put(name, JsonValue.of(truth));
        }

        /** Adds all fields of another object. */
        public Builder putAll(JsonObject other) {
            fields.putAll(other.fields());
            return this;
        }

        /** The object. */
        public JsonObject build() {
            return new JsonObject(fields);
        }
    }
}
