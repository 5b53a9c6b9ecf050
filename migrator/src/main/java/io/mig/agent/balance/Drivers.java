package io.mig.agent.balance;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Programs that are there to start others. What a program starts lives where it lives itself, so
 * these begin at home, from where those can spread.
 */
final class Drivers {
    private static final int FIRST_LINE = 256;

    private static final Set<String> NAMES =
            Set.of(
                    "sh",
                    "bash",
                    "dash",
                    "zsh",
                    "ksh",
                    "fish",
                    "busybox",
                    "make",
                    "gmake",
                    "ninja",
                    "cmake",
                    "xargs",
                    "parallel",
                    "env",
                    "nohup",
                    "setsid",
                    "nice",
                    "ionice",
                    "timeout",
                    "time",
                    "mvn",
                    "cargo",
                    "go");

    private Drivers() {}

    /** Whether a file is one by its name, or is a script for one. */
    static boolean isOne(Path file) {
        return NAMES.contains(String.valueOf(file.getFileName())) || isScriptOfOne(file);
    }

    private static boolean isScriptOfOne(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            String begin = new String(in.readNBytes(FIRST_LINE), StandardCharsets.ISO_8859_1);
            if (!begin.startsWith("#!")) {
                return false;
            }
            List<String> words =
                    Arrays.asList(
                            begin.substring(2)
                                    .lines()
                                    .findFirst()
                                    .orElse("")
                                    .strip()
                                    .split("\\s+"));
            return words.stream().limit(2).map(Drivers::baseName).anyMatch(Drivers::startsOthers);
        } catch (IOException e) {
            return false;
        }
    }

    private static String baseName(String word) {
        return word.substring(word.lastIndexOf('/') + 1);
    }

    /** {@code env} as an interpreter only finds the one that follows. */
    private static boolean startsOthers(String name) {
        return !name.equals("env") && NAMES.contains(name);
    }
}
