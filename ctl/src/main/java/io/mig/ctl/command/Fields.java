package io.mig.ctl.command;

import io.mig.ctl.render.Cell;
import io.mig.ctl.render.Colour;
import io.mig.ctl.render.Units;
import io.mig.json.JsonLong;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.DoubleFunction;

/** Fields of an answer as text for a table; what is not known is shown as a dash. */
final class Fields {
    private static final String UNKNOWN = "-";

    private Fields() {}

    static String integer(JsonObject row, String name) {
        return row.get(name) instanceof JsonLong(long number) ? Long.toString(number) : UNKNOWN;
    }

    static String number(JsonObject row, String name, DoubleFunction<String> format) {
        OptionalDouble number = row.number(name);
        return number.isPresent() ? format.apply(number.getAsDouble()) : UNKNOWN;
    }

    static Cell state(JsonObject row) {
        String state = row.string("state", UNKNOWN);
        return new Cell(state, colour(state));
    }

    /** Phases in the order of the agent, e.g. {@code freeze 0.2 ms, dump 21 ms}. */
    static String phases(JsonObject phases) {
        List<String> texts = phases.fields().entrySet().stream().map(Fields::phase).toList();
        return texts.isEmpty() ? UNKNOWN : String.join(", ", texts);
    }

    private static String phase(Map.Entry<String, JsonValue> phase) {
        JsonObject single = JsonObject.builder().put("ms", phase.getValue()).build();
        return phase.getKey() + " " + number(single, "ms", Units::millis);
    }

    static Colour colour(String state) {
        return switch (state) {
            case "running", "alive", "up", "moved", "ok" -> Colour.GREEN;
            case "stopped", "moving", "suspect", "frozen", "refused", "aborted" -> Colour.YELLOW;
            case "unreachable", "lost", "dead", "down", "failed" -> Colour.RED;
            default -> Colour.NONE;
        };
    }
}
