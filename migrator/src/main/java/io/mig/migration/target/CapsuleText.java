package io.mig.migration.target;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The text lines of capsule commands and their replies: {@code key=value} fields, separated by
 * blanks.
 */
final class CapsuleText {
    private CapsuleText() {}

    /** The fields of each line that has any, in order. */
    static List<Map<String, String>> lines(String text) {
        List<Map<String, String>> lines = new ArrayList<>();
        for (String line : text.split("\n")) {
            Map<String, String> fields = new HashMap<>();
            for (String part : line.strip().split(" +")) {
                int equals = part.indexOf('=');
                if (equals > 0) {
                    fields.put(part.substring(0, equals), part.substring(equals + 1));
                }
            }
            if (!fields.isEmpty()) {
                lines.add(fields);
            }
        }
        return lines;
    }

    /** A number that must be there. */
    static int number(Map<String, String> fields, String key) {
        String value = fields.get(key);
        if (value == null) {
            throw new IllegalArgumentException("capsule's answer lacks " + key + ": " + fields);
        }
        return Integer.parseInt(value);
    }
}
