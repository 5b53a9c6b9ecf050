package io.mig.balance.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Changes single settings in the text of a policy, leaving comments and order as they are. */
public final class PolicyEdit {
    private static final Pattern KEY = Pattern.compile("([a-z_]+\\.)?[a-z_]+");
    private static final Pattern BARE = Pattern.compile("true|false|-?[0-9]+(\\.[0-9]+)?|\\[.*]");

    private PolicyEdit() {}

    /**
     * Sets one setting and raises the version by one. The result has been read once: it is valid.
     *
     * @param key as {@code balance.hold}; rules of nodes and processes are edited in the file
     * @param value as in the file; quotes around texts may be left out
     * @throws PolicyException when the result is no valid policy
     * @throws IllegalArgumentException when the key has another form
     */
    public static String set(String text, String key, String value) {
        if (!KEY.matcher(key).matches()) {
            throw new IllegalArgumentException(
                    "key="
                            + key
                            + " cannot be set here: give SECTION.KEY, as balance.hold; rules for"
                            + " nodes and processes are changed in the file");
        }
        long version = PolicyFile.parse(text).version() + 1;
        String changed = replace(text, key, literal(value));
        if (!key.equals("version")) {
            changed = replace(changed, "version", Long.toString(version));
        }
        PolicyFile.parse(changed);
        return changed;
    }

    private static String literal(String value) {
        String v = value.strip();
        if (BARE.matcher(v).matches() || v.startsWith("\"") || v.startsWith("'")) {
            return v;
        }
        return "\"" + v.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private static String replace(String text, String key, String literal) {
        int dot = key.indexOf('.');
        String section = dot < 0 ? "" : key.substring(0, dot);
        String name = key.substring(dot + 1);
        Pattern setting = Pattern.compile("\\s*" + name + "\\s*=.*");
        List<String> lines = new ArrayList<>(text.lines().toList());
        String in = "";
        int endOfSection = section.isEmpty() ? 0 : -1;
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.startsWith("[")) {
                in = line.replaceAll("\\s*#.*", "");
            }
            if (in.equals(section.isEmpty() ? "" : "[" + section + "]")) {
                if (setting.matcher(lines.get(i)).matches()) {
                    lines.set(i, name + " = " + literal + comment(lines.get(i)));
                    return String.join("\n", lines) + "\n";
                }
                if (!section.isEmpty()) {
                    endOfSection = line.isEmpty() ? endOfSection : i + 1;
                }
            }
        }
        if (endOfSection < 0) {
            lines.add("");
            lines.add("[" + section + "]");
            endOfSection = lines.size();
        }
        lines.add(endOfSection, name + " = " + literal);
        return String.join("\n", lines) + "\n";
    }

    /** The comment at the end of a setting without quotes that hold a hash. */
    private static String comment(String line) {
        int hash = line.lastIndexOf('#');
        if (hash < 0 || line.substring(hash).indexOf('"') >= 0) {
            return "";
        }
        return "  " + line.substring(hash);
    }
}
