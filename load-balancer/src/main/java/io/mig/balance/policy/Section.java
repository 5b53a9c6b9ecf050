package io.mig.balance.policy;

import io.mig.model.NodeId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * One table of the file, read key by key. A value of the wrong kind becomes a problem with its
 * place, and the default stands in so that reading goes on and finds the rest.
 */
final class Section {
    private final String name;
    private final TomlTable table;
    private final List<String> lines;
    private final List<Problem> problems;
    private final Set<String> known = new LinkedHashSet<>();

    Section(String name, TomlTable table, List<String> lines, List<Problem> problems) {
        this.name = name;
        this.table = table;
        this.lines = lines;
        this.problems = problems;
    }

    /** A table below this one; an empty one when the file has none. */
    Section section(String key) {
        Object value = raw(key);
        String path = name.isEmpty() ? key : name + "." + key;
        if (value instanceof TomlTable inner) {
            return new Section(path, inner, lines, problems);
        }
        if (value != null) {
            wrong(key, "is no table", "write [" + path + "] on a line of its own");
        }
        return new Section(path, org.tomlj.Toml.parse(""), lines, problems);
    }

    /** The tables of a list {@code [[key]]}. */
    List<Section> sections(String key) {
        Object value = raw(key);
        List<Section> all = new ArrayList<>();
        if (value instanceof TomlArray array
                && (array.isEmpty() || array.get(0) instanceof TomlTable)) {
            for (int i = 0; i < array.size(); i++) {
                if (array.get(i) instanceof TomlTable inner) {
                    all.add(new Section(key, inner, lines, problems));
                }
            }
        } else if (value != null) {
            wrong(key, "is no list of tables", "write [[" + key + "]] on a line of its own");
        }
        return all;
    }

    boolean has(String key) {
        return raw(key) != null;
    }

    long whole(String key, long usual, long least, long most) {
        return switch (raw(key)) {
            case null -> usual;
            case Long value when value >= least && value <= most -> value;
            case Object _ -> {
                wrong(key, "is no whole number from " + least + " to " + most, "");
                yield usual;
            }
        };
    }

    double number(String key, double usual, double least, double most) {
        Object value = raw(key);
        double number =
                switch (value) {
                    case null -> usual;
                    case Long l -> l;
                    case Double d -> d;
                    case String s -> percent(s);
                    case Object _ -> Double.NaN;
                };
        if (number >= least && number <= most) {
            return number;
        }
        wrong(key, "is no number from " + least + " to " + most, "");
        return usual;
    }

    private static double percent(String text) {
        try {
            return text.endsWith("%")
                    ? Double.parseDouble(text.substring(0, text.length() - 1).strip()) / 100
                    : Double.NaN;
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    boolean truth(String key, boolean usual) {
        return switch (raw(key)) {
            case null -> usual;
            case Boolean value -> value;
            case Object _ -> {
                wrong(key, "is neither true nor false", "write true or false without quotes");
                yield usual;
            }
        };
    }

    String text(String key, String usual) {
        return switch (raw(key)) {
            case null -> usual;
            case String value -> value;
            case Object _ -> {
                wrong(key, "is no text", "put it in quotes");
                yield usual;
            }
        };
    }

    Duration duration(String key, Duration usual) {
        return parsed(
                        key,
                        text -> {
                            Duration value = Units.duration(text);
                            if (value.compareTo(Duration.ofDays(365)) > 0) {
                                throw new IllegalArgumentException("more than a year");
                            }
                            return value;
                        },
                        "write it as \"200ms\", \"5s\", \"10m\" or \"2h\"")
                .orElse(usual);
    }

    Optional<Long> bytes(String key) {
        return parsed(key, Units::bytes, "write it as \"512MiB\" or \"4GiB\"");
    }

    Optional<NodeId> node(String key) {
        return parsed(key, NodeId::new, "write the name of a node");
    }

    Optional<Expression> condition(String key, boolean processFacts) {
        Object value = raw(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof String text)) {
            wrong(key, "is no condition", "put it in quotes, as \"node.load < 1\"");
            return Optional.empty();
        }
        try {
            return Optional.of(Expression.condition(text, processFacts));
        } catch (ExpressionException e) {
            TomlPosition key0 = position(key);
            int column = valueColumn(key0) + e.column();
            problems.add(new Problem(key0.line(), column, path(key) + ": " + said(e), e.remedy()));
            return Optional.empty();
        }
    }

    List<String> texts(String key, List<String> usual) {
        Object value = raw(key);
        if (value == null) {
            return usual;
        }
        if (value instanceof String one) {
            return List.of(one);
        }
        List<String> all = new ArrayList<>();
        if (value instanceof TomlArray array) {
            for (int i = 0; i < array.size(); i++) {
                if (array.get(i) instanceof String s) {
                    all.add(s);
                } else {
                    wrong(key, "has an entry that is no text", "put each entry in quotes");
                }
            }
            return all;
        }
        wrong(key, "is no list of texts", "write [\"one\", \"two\"]");
        return usual;
    }

    <T> List<T> list(String key, Function<String, T> parse, String remedy) {
        List<T> all = new ArrayList<>();
        for (String text : texts(key, List.of())) {
            try {
                all.add(parse.apply(text));
            } catch (IllegalArgumentException e) {
                wrong(key, ": " + said(e), remedy);
            }
        }
        return all;
    }

    <E extends Enum<E>> E choice(String key, Class<E> type, E usual) {
        String words =
                Arrays.stream(type.getEnumConstants())
                        .map(e -> e.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", "));
        return parsed(
                        key,
                        text -> Enum.valueOf(type, text.toUpperCase(Locale.ROOT)),
                        "choose one of " + words)
                .orElse(usual);
    }

    private <T> Optional<T> parsed(String key, Function<String, T> parse, String remedy) {
        Object value = raw(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof String text) {
            try {
                return Optional.of(parse.apply(text));
            } catch (IllegalArgumentException e) {
                wrong(key, "= \"" + text + "\" cannot be understood", remedy);
                return Optional.empty();
            }
        }
        wrong(key, "is no text", remedy);
        return Optional.empty();
    }

    /** Two settings contradict each other. */
    void conflict(String key, String message, String remedy) {
        wrong(key, message, remedy);
    }

    /** Call last: tells the keys nobody asked for. */
    void refuseUnknown() {
        for (String key : table.keySet()) {
            if (!known.contains(key)) {
                String remedy =
                        Nearest.of(key, known)
                                .map(n -> "did you mean " + n + "?")
                                .orElse("known here: " + String.join(", ", known));
                wrong(key, "is unknown", remedy);
            }
        }
    }

    private @Nullable Object raw(String key) {
        known.add(key);
        return table.get(List.of(key));
    }

    private void wrong(String key, String message, String remedy) {
        TomlPosition at = position(key);
        problems.add(
                new Problem(
                        at.line(),
                        at.column(),
                        path(key) + (message.startsWith(":") ? "" : " ") + message,
                        remedy));
    }

    private static String said(Exception e) {
        String message = e.getMessage();
        return message == null ? "cannot be read" : message;
    }

    private String path(String key) {
        return name.isEmpty() ? key : name + "." + key;
    }

    private TomlPosition position(String key) {
        TomlPosition at = table.inputPositionOf(List.of(key));
        return at == null ? TomlPosition.positionAt(1, 1) : at;
    }

    /** Column of the opening quote of the value whose key is there; of the key when not found. */
    private int valueColumn(TomlPosition key) {
        String line = key.line() <= lines.size() ? lines.get(key.line() - 1) : "";
        int equals = line.indexOf('=', Math.max(0, key.column() - 1));
        for (int i = equals + 1; equals >= 0 && i < line.length(); i++) {
            if (line.charAt(i) == '"' || line.charAt(i) == '\'') {
                return i + 1;
            }
        }
        return key.column();
    }
}
