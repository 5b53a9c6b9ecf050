package io.mig.json;

import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads and writes JSON trees. Stateless; safe for any thread. Reading is bounded: nesting of at
 * most {@value #MAX_DEPTH}, names of at most {@value #MAX_NAME} characters, no name twice in one
 * object. The length of the document is the caller's bound, because the caller holds the bytes.
 */
public final class Json {
    /** Deepest nesting that is read. */
    public static final int MAX_DEPTH = 64;

    /** Longest field name that is read, in characters. */
    public static final int MAX_NAME = 1024;

    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(MAX_DEPTH)
                                    .maxNameLength(MAX_NAME)
                                    .maxNumberLength(64)
                                    .maxStringLength(Integer.MAX_VALUE)
                                    .build())
                    .build();

    private Json() {}

    /**
     * Reads exactly one value.
     *
     * @param utf8 the whole document
     * @throws JsonException when it is malformed, too deep, or has something after the value
     */
    public static JsonValue parse(byte[] utf8) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), utf8)) {
            return readDocument(parser);
        } catch (JacksonException e) {
            throw malformed(e);
        }
    }

    /** Reads exactly one value from text; see {@link #parse(byte[])}. */
    public static JsonValue parse(String text) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            return readDocument(parser);
        } catch (JacksonException e) {
            throw malformed(e);
        }
    }

    /**
     * Reads exactly one object.
     *
     * @throws JsonException as {@link #parse(byte[])}, and when the value is no object
     */
    public static JsonObject parseObject(byte[] utf8) {
        if (parse(utf8) instanceof JsonObject object) {
            return object;
        }
        throw new JsonException("expected a JSON object, found another value");
    }

    /** The value as JSON without any line break, so that it may stand in a protocol of lines. */
    public static String write(JsonValue value) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            write(generator, value);
        }
        return text.toString();
    }

    /**
     * No switch over the types, though that would be checked for completeness: the JDK links such a
     * switch at run time, which costs each start of the command line some 20 ms that no AOT cache
     * saves.
     */
    private static void write(JsonGenerator generator, JsonValue value) {
        if (value instanceof JsonString string) {
            generator.writeString(string.text());
        } else if (value instanceof JsonLong whole) {
            generator.writeNumber(whole.number());
        } else if (value instanceof JsonDouble number) {
            generator.writeNumber(number.number());
        } else if (value instanceof JsonBoolean bool) {
            generator.writeBoolean(bool.truth());
        } else if (value instanceof JsonNull) {
            generator.writeNull();
        } else if (value instanceof JsonArray array) {
            generator.writeStartArray();
            for (JsonValue element : array) {
                write(generator, element);
            }
            generator.writeEndArray();
        } else if (value instanceof JsonObject object) {
            generator.writeStartObject();
            for (Map.Entry<String, JsonValue> field : object.fields().entrySet()) {
                generator.writeName(field.getKey());
                write(generator, field.getValue());
            }
            generator.writeEndObject();
        } else {
            throw new IllegalStateException(
                    "a kind of value that cannot be written: " + value.getClass());
        }
    }

    private static JsonValue readDocument(JsonParser parser) {
        JsonToken first = parser.nextToken();
        if (first == null) {
            throw new JsonException("expected a JSON value, found nothing");
        }
        JsonValue value = read(parser, first);
        if (parser.nextToken() != null) {
            throw new JsonException("found something after the JSON value");
        }
        return value;
    }

    private static JsonValue read(JsonParser parser, JsonToken token) {
        return switch (token) {
            case START_OBJECT -> readObject(parser);
            case START_ARRAY -> readArray(parser);
            case VALUE_STRING -> new JsonString(parser.getString());
            case VALUE_NUMBER_INT -> new JsonLong(parser.getLongValue());
            case VALUE_NUMBER_FLOAT -> JsonValue.of(parser.getDoubleValue());
            case VALUE_TRUE -> new JsonBoolean(true);
            case VALUE_FALSE -> new JsonBoolean(false);
            case VALUE_NULL -> JsonNull.NULL;
            case NOT_AVAILABLE, END_OBJECT, END_ARRAY, PROPERTY_NAME, VALUE_EMBEDDED_OBJECT ->
                    throw new JsonException("expected a JSON value, found " + token);
        };
    }

    private static JsonObject readObject(JsonParser parser) {
        Map<String, JsonValue> fields = new LinkedHashMap<>();
        for (JsonToken token = parser.nextToken();
                token != JsonToken.END_OBJECT;
                token = parser.nextToken()) {
            String name = parser.currentName();
            fields.put(name, read(parser, parser.nextToken()));
        }
        return new JsonObject(fields);
    }

    private static JsonArray readArray(JsonParser parser) {
        List<JsonValue> elements = new ArrayList<>();
        for (JsonToken token = parser.nextToken();
                token != JsonToken.END_ARRAY;
                token = parser.nextToken()) {
            elements.add(read(parser, token));
        }
        return new JsonArray(elements);
    }

    private static JsonException malformed(JacksonException e) {
        return new JsonException("malformed JSON: " + e.getOriginalMessage(), e);
    }
}
