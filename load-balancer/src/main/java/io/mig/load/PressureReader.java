package io.mig.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Reads pressure stall information of the node ({@code /proc/pressure}) or of a cgroup (its {@code
 * *.pressure} files have the same form). A kernel without it, or one booted with {@code psi=0}, has
 * no answer: empty, not zero. Stateless.
 */
public final class PressureReader {
    private static final double PERCENT = 100;

    private PressureReader() {}

    /** The pressure in a file, e.g. {@code /proc/pressure/cpu}; empty when the kernel has none. */
    public static Optional<Pressure> read(Path file) {
        try {
            return parse(Files.readAllLines(file));
        } catch (IOException e) {
            return Optional.empty(); // no such file without PSI, EOPNOTSUPP when it is switched off
        }
    }

    static Optional<Pressure> parse(List<String> lines) {
        Optional<String> some = line(lines, "some ");
        Optional<String> full = line(lines, "full ");
        return some.map(
                text ->
                        new Pressure(
                                fraction(text, "avg10="),
                                fraction(text, "avg60="),
                                full.map(all -> fraction(all, "avg10=")).orElse(0.0),
                                (long) value(text, "total=")));
    }

    private static Optional<String> line(List<String> lines, String start) {
        return lines.stream().filter(line -> line.startsWith(start)).findFirst();
    }

    private static double fraction(String line, String key) {
        return Math.clamp(value(line, key) / PERCENT, 0, 1);
    }

    private static double value(String line, String key) {
        int start = line.indexOf(key);
        if (start < 0) {
            return 0;
        }
        int end = line.indexOf(' ', start);
        try {
            return Double.parseDouble(
                    line.substring(start + key.length(), end < 0 ? line.length() : end));
        } catch (NumberFormatException e) {
            return 0; // odd text of another kernel: no figure
        }
    }
}
