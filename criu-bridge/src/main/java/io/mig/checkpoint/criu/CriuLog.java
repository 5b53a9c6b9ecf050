package io.mig.checkpoint.criu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Finds the lines of a CRIU log that explain a failure: the first error (what broke) with a few
 * lines before it (what CRIU was at), and the errors that followed, which often say more about the
 * object.
 */
final class CriuLog {
    static final int LINES_BEFORE = 3;
    static final int MAX_LINES = 20;
    private static final int MAX_LINE_LENGTH = 400;
    private static final int MAX_BYTES = 16 * 1024 * 1024;

    private CriuLog() {}

    /**
     * Reads {@code log}; a log that is missing or unreadable explains nothing and gives an empty
     * list.
     */
    static List<String> excerpt(Path log) {
        try (InputStream in = Files.newInputStream(log)) {
            return excerpt(
                    new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8).lines().toList());
        } catch (IOException unreadable) {
            return List.of();
        }
    }

    static List<String> excerpt(List<String> lines) {
        Deque<String> before = new ArrayDeque<>();
        List<String> result = new ArrayList<>();
        for (String line : lines) {
            if (isHarmless(line)) {
                continue;
            }
            boolean error = isError(line);
            if (error && result.isEmpty()) {
                result.addAll(before);
            }
            if (error || (!result.isEmpty() && isWarning(line))) {
                result.add(shorten(line));
            } else if (result.isEmpty()) {
                before.addLast(shorten(line));
                if (before.size() > LINES_BEFORE) {
                    before.removeFirst();
                }
            }
            if (result.size() >= MAX_LINES) {
                break;
            }
        }
        return result;
    }

    /** CRIU writes {@code (00.012345) 1234: Error (criu/files-reg.c:2145): text}. */
    static boolean isError(String line) {
        return line.contains("Error (");
    }

    /**
     * Errors by name that CRIU survives and that only hide the real one: without CAP_SYS_RESOURCE
     * each run begins with a failed attempt to raise its own descriptor limit.
     */
    static boolean isHarmless(String line) {
        return line.contains("Can't setup RLIMIT_NOFILE for self");
    }

    /** The text of the first error of an excerpt, empty when there is none. */
    static String firstError(List<String> excerpt) {
        return excerpt.stream().filter(CriuLog::isError).findFirst().orElse("");
    }

    private static boolean isWarning(String line) {
        return line.contains("Warn  (");
    }

    private static String shorten(String line) {
        String clean = line.strip();
        return clean.length() <= MAX_LINE_LENGTH
                ? clean
                : clean.substring(0, MAX_LINE_LENGTH) + "...";
    }
}
