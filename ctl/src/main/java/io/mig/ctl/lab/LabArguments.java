package io.mig.ctl.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The words after {@code mig lab}.
 *
 * @param verb what to do
 * @param words what is neither verb nor option
 * @param options long options without their dashes; a flag's value is empty
 * @param environment what {@code --env} gave
 */
record LabArguments(
        String verb,
        List<String> words,
        Map<String, String> options,
        Map<String, String> environment) {
    private static final Set<String> WITH_VALUE = Set.of("name", "env", "state-size", "cpus");
    private static final Set<String> FLAGS = Set.of("json", "no-agents", "no-wait", "help");

    LabArguments {
        words = List.copyOf(words);
        options = Map.copyOf(options);
        environment = Map.copyOf(environment);
    }

    static LabArguments parse(List<String> arguments) {
        List<String> words = new ArrayList<>();
        Map<String, String> options = new LinkedHashMap<>();
        Map<String, String> environment = new LinkedHashMap<>();
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (!argument.startsWith("--")) {
                words.add(argument.equals("-h") ? "help" : argument);
                continue;
            }
            int equals = argument.indexOf('=');
            String option = argument.substring(2, equals < 0 ? argument.length() : equals);
            if (FLAGS.contains(option) && equals < 0) {
                options.put(option, "");
            } else if (WITH_VALUE.contains(option)) {
                if (equals < 0 && i + 1 == arguments.size()) {
                    throw new LabException("--" + option + " needs a value");
                }
                String value = equals < 0 ? arguments.get(++i) : argument.substring(equals + 1);
                if (option.equals("env")) {
                    addSetting(environment, value);
                } else {
                    options.put(option, value);
                }
            } else {
                Set<String> known = new TreeSet<>(FLAGS);
                known.addAll(WITH_VALUE);
                throw new LabException(
                        "unknown option " + argument + "; known: --" + String.join(", --", known));
            }
        }
        String verb = words.isEmpty() || options.containsKey("help") ? "help" : words.removeFirst();
        return new LabArguments(verb, words, options, environment);
    }

    private static void addSetting(Map<String, String> environment, String setting) {
        int equals = setting.indexOf('=');
        if (equals < 1
                || !setting.substring(0, equals).matches("[A-Za-z_][A-Za-z0-9_]*")
                || setting.contains("\n")) {
            throw new LabException("--env " + setting + " is no setting; write NAME=VALUE");
        }
        environment.put(setting.substring(0, equals), setting.substring(equals + 1));
    }

    boolean has(String option) {
        return options.containsKey(option);
    }

    /** The word at a place, which the usage names. */
    String word(int index, String usage) {
        if (index >= words.size()) {
            throw new LabException("usage: mig lab " + usage);
        }
        return words.get(index);
    }
}
