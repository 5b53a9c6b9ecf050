package io.mig.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What {@code mig bench io} measured, by row and place, and its table of medians. */
final class IoResults {
    /**
     * One line of the table.
     *
     * @param key as the measuring programs print it
     * @param goal what a guest shall reach, as a part of native speed; 0: no goal of its own
     */
    private record Row(String key, String title, String unit, double goal) {}

    private static final String SECONDS = "s";

    private static final List<Row> ROWS =
            List.of(
                    new Row("write", "sequential write", "MB/s", 0),
                    new Row("read-cold", "sequential read, cold", "MB/s", 0),
                    new Row("read", "sequential read, cached", "MB/s", 0.9),
                    new Row("random-cold", "4 KiB random read, cold", "/s", 0),
                    new Row("random", "4 KiB random read, again", "/s", 0),
                    new Row("stat-cold", "stat, cold", "/s", 0),
                    new Row("stat", "stat, cached", "/s", 0.9),
                    new Row("stat-missing", "stat of what is not there, again", "/s", 0.9),
                    new Row("open-cold", "open + read 4 KiB + close, cold", "/s", 0),
                    new Row("open", "open + read 4 KiB + close, cached", "/s", 0),
                    new Row("create", "create + write 4 KiB + close", "/s", 0),
                    new Row("unlink", "unlink", "/s", 0),
                    new Row("untar", "untar of a source tree", SECONDS, 1 / 1.3),
                    new Row("compile", "compile it, make -j2", SECONDS, 1 / 1.3));

    private final Map<String, Map<String, List<Double>>> values = new LinkedHashMap<>();

    /** Takes lines of a key and a number; others are refused. */
    void add(String place, String lines) {
        for (String line : lines.lines().toList()) {
            String[] words = line.split(" ", 2);
            if (words.length != 2) {
                throw new IllegalStateException("place=" + place + " said: " + lines);
            }
            values.computeIfAbsent(words[0], _ -> new LinkedHashMap<>())
                    .computeIfAbsent(place, _ -> new ArrayList<>())
                    .add(Double.valueOf(words[1]));
        }
    }

    double median(String key, String place) {
        return Median.of(values.getOrDefault(key, Map.of()).getOrDefault(place, List.of()));
    }

    /** Prints the table: each place, then the guest as a part of native speed and beside sshfs. */
    void print(PrintStream out, List<String> places) {
        out.printf("%-36s %5s", "", "");
        places.forEach(place -> out.printf(" %12s", place));
        out.printf(" %16s %14s%n", "guest / native", "guest / sshfs");
        for (Row row : ROWS) {
            out.printf("%-36s %5s", row.title(), row.unit());
            places.forEach(place -> out.printf(" %12s", number(median(row.key(), place))));
            double goal = row.goal();
            double native1 = speed(row, IoBench.NATIVE);
            double guest = speed(row, IoBench.GUEST);
            double ssh = speed(row, IoBench.SSHFS);
            String met = goal == 0 ? "" : guest / native1 >= goal ? " met" : " not";
            out.printf(" %11s%-5s", number(guest / native1), met);
            out.printf(" %14s%n", Double.isNaN(ssh) ? "-" : number(guest / ssh));
        }
    }

    /** More is better. */
    private double speed(Row row, String place) {
        double value = median(row.key(), place);
        return row.unit().equals(SECONDS) ? 1 / value : value;
    }

    private static String number(double value) {
        if (Double.isNaN(value)) {
            return "-";
        }
        return value >= 100 ? "%,.0f".formatted(value) : "%.2f".formatted(value);
    }
}
