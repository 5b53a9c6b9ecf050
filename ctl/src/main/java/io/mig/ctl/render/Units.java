package io.mig.ctl.render;

import java.util.Locale;

/** Numbers for people: three digits are enough to compare, and they fit a column. */
public final class Units {
    private static final String[] BINARY = {"B", "K", "M", "G", "T", "P", "E"};

    private Units() {}

    /** A size in powers of 1024, e.g. {@code 12.5M}. */
    public static String bytes(double bytes) {
        int unit = 0;
        double value = bytes;
        while (Math.abs(value) >= 999.5 && unit < BINARY.length - 1) {
            value /= 1024;
            unit++;
        }
        return fixed(value, unit > 0 && value < 9.95 ? 1 : 0) + BINARY[unit];
    }

    /** A duration given in milliseconds, e.g. {@code 38 ms}, {@code 1.24 s}, {@code 3 min 20 s}. */
    public static String millis(double millis) {
        if (millis < 9.95) {
            return String.format(Locale.ROOT, "%.1f ms", millis);
        }
        if (millis < 999.5) {
            return String.format(Locale.ROOT, "%.0f ms", millis);
        }
        if (millis < 99_950) {
            return String.format(Locale.ROOT, millis < 9_995 ? "%.2f s" : "%.1f s", millis / 1000);
        }
        long seconds = Math.round(millis / 1000);
        return seconds < 6000
                ? String.format(Locale.ROOT, "%d min %d s", seconds / 60, seconds % 60)
                : String.format(Locale.ROOT, "%d h %d min", seconds / 3600, seconds % 3600 / 60);
    }

    /** A share in percent of one core, given as a fraction, e.g. {@code 0.985} is {@code 98%}. */
    public static String percent(double fraction) {
        double percent = fraction * 100;
        return fixed(percent, percent > 0 && percent < 9.95 ? 1 : 0) + "%";
    }

    /**
     * A number with none or one digit behind the point, as {@code %.0f} and {@code %.1f} give, but
     * a hundred times faster in a process that has just started: tables have thousands.
     */
    private static String fixed(double value, int digits) {
        if (!(Math.abs(value) < 1e15)) {
            return Double.toString(value);
        }
        long rounded = Math.round(Math.abs(value) * (digits == 0 ? 1 : 10));
        String sign = value < 0 && rounded > 0 ? "-" : "";
        return digits == 0 ? sign + rounded : sign + rounded / 10 + "." + rounded % 10;
    }
}
