package io.mig.json;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collector;
import java.util.stream.Collectors;

/** A JSON array. */
public record JsonArray(List<JsonValue> elements) implements JsonValue, Iterable<JsonValue> {
    /** The array without elements. */
    public static final JsonArray EMPTY = new JsonArray(List.of());

    public JsonArray {
        elements = List.copyOf(elements);
    }

    /** An array of the given values. */
    public static JsonArray of(JsonValue... elements) {
        return new JsonArray(List.of(elements));
    }

    /** An array of texts. */
    public static JsonArray ofStrings(Iterable<String> texts) {
        List<JsonValue> elements = new ArrayList<>();
        texts.forEach(text -> elements.add(new JsonString(text)));
        return new JsonArray(elements);
    }

    /** Collects a stream of values in encounter order. */
    public static Collector<JsonValue, ?, JsonArray> collector() {
        return Collectors.collectingAndThen(Collectors.toList(), JsonArray::new);
    }

    /** Those elements that are objects, in order; others are passed over. */
    public List<JsonObject> objects() {
        return elements.stream()
                .filter(JsonObject.class::isInstance)
                .map(JsonObject.class::cast)
                .toList();
    }

    /** How many elements there are. */
    public int size() {
        return elements.size();
    }

    @Override
    public Iterator<JsonValue> iterator() {
        return elements.iterator();
    }
}
