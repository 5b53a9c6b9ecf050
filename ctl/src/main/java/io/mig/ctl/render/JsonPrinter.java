package io.mig.ctl.render;

import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.json.JsonValue;
import java.util.Iterator;

/**
 * The machine-readable form of an answer: one value; a list has one element on each line, so that
 * grep and diff are of use too.
 */
public final class JsonPrinter {
    private JsonPrinter() {}

    /** Prints the value. */
    public static void print(Screen screen, JsonValue value) {
        if (!(value instanceof JsonArray list) || list.size() == 0) {
            screen.line(Json.write(value));
            return;
        }
        screen.line("[");
        for (Iterator<JsonValue> elements = list.iterator(); elements.hasNext(); ) {
            screen.line(Json.write(elements.next()) + (elements.hasNext() ? "," : ""));
        }
        screen.line("]");
    }
}
