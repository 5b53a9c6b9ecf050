package io.mig.ctl.render;

/**
 * Text of strangers on somebody's terminal: command names and messages may hold anything, also
 * escape sequences. Everything that is shown goes through {@link #clean}.
 */
public final class Text {
    private Text() {}

    /**
     * The text with every control character replaced, so that it stays on its line and cannot steer
     * the terminal.
     */
    public static String clean(String text) {
        if (isPlain(text) || text.codePoints().noneMatch(Text::isHostile)) {
            return text;
        }
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints()
                .forEach(
                        point ->
                                clean.appendCodePoint(
                                        isHostile(point) ? replacement(point) : point));
        return clean.toString();
    }

    /**
     * How many columns the text takes: two for wide characters of East Asia and emoji, none for
     * combining marks.
     */
    public static int columns(String text) {
        return isPlain(text) ? text.length() : text.codePoints().map(Text::columns).sum();
    }

    /**
     * Printable ASCII, as nearly everything is: a command that just started has no time to lose.
     */
    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~') {
                return false;
            }
        }
        return true;
    }

    /** The text cut to so many columns; what was cut shows as an ellipsis. */
    public static String fit(String text, int columns) {
        if (columns(text) <= columns) {
            return text;
        }
        StringBuilder cut = new StringBuilder();
        int used = 0;
        for (int point : text.codePoints().toArray()) {
            used += columns(point);
            if (used > columns - 1) {
                break;
            }
            cut.appendCodePoint(point);
        }
        return columns < 1 ? "" : cut.append('…').toString();
    }

    private static boolean isHostile(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR ->
                    true; // FORMAT holds the marks that reverse the direction of writing
            case Character.PARAGRAPH_SEPARATOR, Character.UNASSIGNED -> true;
            default -> false;
        };
    }

    private static int replacement(int point) {
        return point == '\n' || point == '\t' || point == '\r' ? ' ' : '\uFFFD';
    }

    private static int columns(int point) {
        int type = Character.getType(point);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK) {
            return 0;
        }
        return isWide(point) ? 2 : 1;
    }

    private static boolean isWide(int point) {
        return (point >= 0x1100 && point <= 0x115F)
                || (point >= 0x2E80 && point <= 0xA4CF)
                || (point >= 0xAC00 && point <= 0xD7A3)
                || (point >= 0xF900 && point <= 0xFAFF)
                || (point >= 0xFE30 && point <= 0xFE6F)
                || (point >= 0xFF00 && point <= 0xFF60)
                || (point >= 0xFFE0 && point <= 0xFFE6)
                || (point >= 0x1F300 && point <= 0x1FAFF)
                || (point >= 0x20000 && point <= 0x3FFFD);
    }
}
