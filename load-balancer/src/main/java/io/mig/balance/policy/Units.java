package io.mig.balance.policy;

import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers with units, in files and expressions. */
final class Units {
    static final String NAMES = "% k M G KiB MiB GiB TiB KB MB GB TB ms s m h d";

    private static final Pattern FORM = Pattern.compile("([0-9]+(?:\\.[0-9]+)?) ?([A-Za-z%]*)");
    private static final Map<String, Double> SIZES =
            Map.ofEntries(
                    Map.entry("", 1.0),
                    Map.entry("B", 1.0),
                    Map.entry("k", 1e3),
                    Map.entry("M", 1e6),
                    Map.entry("G", 1e9),
                    Map.entry("KB", 1e3),
                    Map.entry("MB", 1e6),
                    Map.entry("GB", 1e9),
                    Map.entry("TB", 1e12),
                    Map.entry("KiB", 1024.0),
                    Map.entry("MiB", 1024.0 * 1024),
                    Map.entry("GiB", 1024.0 * 1024 * 1024),
                    Map.entry("TiB", 1024.0 * 1024 * 1024 * 1024));
    private static final Map<String, Double> TIMES =
            Map.of("ms", 0.001, "s", 1.0, "m", 60.0, "h", 3600.0, "d", 86400.0);

    private Units() {}

    /** What a unit multiplies by (seconds for times); not a number when there is no such unit. */
    static double factor(String unit) {
        Double size = SIZES.get(unit);
        Double time = TIMES.get(unit);
        if (unit.equals("%")) {
            return 0.01;
        }
        return size != null ? size : time != null ? time : Double.NaN;
    }

    /**
     * @throws IllegalArgumentException when it is none
     */
    static Duration duration(String text) {
        Matcher m = FORM.matcher(text.strip());
        Double unit = m.matches() ? TIMES.get(m.group(2)) : null;
        if (unit == null) {
            throw new IllegalArgumentException("\"" + text + "\" is no duration");
        }
        return Duration.ofMillis(Math.round(Double.parseDouble(m.group(1)) * unit * 1000));
    }

    /**
     * @throws IllegalArgumentException when it is none
     */
    static long bytes(String text) {
        Matcher m = FORM.matcher(text.strip());
        Double unit = m.matches() ? SIZES.get(m.group(2)) : null;
        if (unit == null) {
            throw new IllegalArgumentException("\"" + text + "\" is no size");
        }
        return Math.round(Double.parseDouble(m.group(1)) * unit);
    }

    /** As a file would have it. */
    static String text(Duration value) {
        long millis = value.toMillis();
        if (millis % 1000 != 0 || millis == 0) {
            return millis == 0 ? "0s" : millis + "ms";
        }
        long seconds = millis / 1000;
        if (seconds % 3600 == 0) {
            return seconds / 3600 + "h";
        }
        return seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
    }
}
