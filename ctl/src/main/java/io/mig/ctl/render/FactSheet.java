package io.mig.ctl.render;

import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.json.JsonBoolean;
import io.mig.json.JsonDouble;
import io.mig.json.JsonLong;
import io.mig.json.JsonNull;
import io.mig.json.JsonObject;
import io.mig.json.JsonString;
import io.mig.json.JsonValue;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Shows an object whose fields the command does not know one by one ({@code inspect}, {@code
 * status}): simple facts as aligned lines, objects as indented sections, lists of objects as
 * tables. Field names are shown as words: {@code rssBytes} is {@code rss}, in readable units.
 */
public final class FactSheet {
    private static final String RATE = "BytesPerSecond";

    private final Screen screen;

    public FactSheet(Screen screen) {
        this.screen = screen;
    }

    /** Prints all fields. */
    public void print(JsonObject facts) {
        print(facts, screen);
    }

    private static void print(JsonObject facts, Screen screen) {
        int width =
                facts.fields().entrySet().stream()
                        .filter(fact -> isSimple(fact.getValue()))
                        .mapToInt(fact -> Text.columns(title(fact.getKey())))
                        .max()
                        .orElse(0);
        facts.fields()
                .forEach(
                        (name, value) -> {
                            if (isSimple(value)) {
                                String title = title(name);
                                String padding = " ".repeat(width - Text.columns(title));
                                screen.line(title + padding + "  " + simple(name, value));
                            }
                        });
        facts.fields()
                .forEach(
                        (name, value) -> {
                            if (!isSimple(value)) {
                                screen.line(screen.paint(Colour.BOLD, title(name)));
                                printSection(value, screen.indented("  "));
                            }
                        });
    }

    private static void printSection(JsonValue section, Screen screen) {
        if (section instanceof JsonObject object) {
            print(object, screen);
        } else if (section instanceof JsonArray list) {
            printRows(list.objects(), screen);
        }
    }

    private static void printRows(List<JsonObject> rows, Screen screen) {
        Set<String> names = new LinkedHashSet<>();
        rows.forEach(row -> names.addAll(row.fields().keySet()));
        Table table =
                new Table(
                        names.stream()
                                .map(name -> Column.text(title(name).toUpperCase(Locale.ROOT), 6))
                                .toArray(Column[]::new));
        for (JsonObject row : rows) {
            table.row(
                    names.stream()
                            .map(
                                    name ->
                                            simple(
                                                    name,
                                                    row.fields().getOrDefault(name, JsonNull.NULL)))
                            .toArray(String[]::new));
        }
        table.print(screen);
    }

    /** Whether a value has its place on one line. */
    private static boolean isSimple(JsonValue value) {
        return switch (value) {
            case JsonObject(Map<String, JsonValue> fields) -> fields.isEmpty();
            case JsonArray list -> list.objects().isEmpty();
            case JsonString _, JsonLong _, JsonDouble _, JsonBoolean _, JsonNull _ -> true;
        };
    }

    private static String simple(String name, JsonValue value) {
        return switch (value) {
            case JsonNull.NULL -> "-";
            case JsonString(String text) -> Text.clean(text);
            case JsonBoolean(boolean truth) -> truth ? "yes" : "no";
            case JsonLong(long number) -> number(name, (double) number, Long.toString(number));
            case JsonDouble(double number) ->
                    number(name, number, String.format(Locale.ROOT, "%.2f", number));
            case JsonArray list ->
                    list.size() == 0
                            ? "-"
                            : String.join(
                                    ", ",
                                    list.elements().stream()
                                            .map(element -> simple(name, element))
                                            .toList());
            case JsonObject object ->
                    object.fields().isEmpty() ? "-" : Text.clean(Json.write(object));
        };
    }

    private static String number(String name, double number, String plain) {
        if (name.endsWith("Bytes") || name.equals("bytes")) {
            return Units.bytes(number);
        }
        if (name.endsWith(RATE)) {
            return Units.bytes(number) + "/s";
        }
        return name.endsWith("Ms") ? Units.millis(number) : plain;
    }

    /** {@code memTotalBytes} -> {@code mem total}. */
    private static String title(String name) {
        String base = name.endsWith(RATE) ? name.substring(0, name.length() - RATE.length()) : name;
        base =
                base.length() > 5 && base.endsWith("Bytes")
                        ? base.substring(0, base.length() - 5)
                        : base;
        base =
                base.length() > 2 && base.endsWith("Ms")
                        ? base.substring(0, base.length() - 2)
                        : base;
        return Text.clean(base).replaceAll("(?<=[a-z0-9])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    }
}
