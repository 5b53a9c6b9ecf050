package io.mig.checkpoint.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The compiled src/test/c/harness.c, and what these tests require of the machine. */
public final class Harness {
    public static final Path CRIU =
            Path.of(System.getProperty("mig.criu.path", "/opt/mig/criu/criu"));
    public static final Duration PATIENCE = Duration.ofSeconds(20);

    private Harness() {}

    /** Ends the test as skipped, aloud, when we are not root. */
    public static void requireRoot() {
        require(
                "root".equals(System.getProperty("user.name")),
                "not root: freezing and CRIU need it");
    }

    /** Ends the test as skipped, aloud, when there is no CRIU. */
    public static void requireCriu() {
        requireRoot();
        require(Files.isExecutable(CRIU), "no CRIU at " + CRIU + " (set -Dmig.criu.path)");
    }

    private static void require(boolean condition, String reason) {
        if (!condition) {
            System.err.println("SKIPPED: " + reason);
        }
        assumeTrue(condition, reason);
    }

    /** The executable; compiled on first use and again when the source is newer. */
    public static synchronized Path executable() {
        Path source = Path.of("src/test/c/harness.c").toAbsolutePath();
        Path target = Path.of("target/harness/harness").toAbsolutePath();
        try {
            if (!Files.exists(target)
                    || Files.getLastModifiedTime(target)
                                    .compareTo(Files.getLastModifiedTime(source))
                            < 0) {
                Files.createDirectories(target.getParent());
                Process compiler =
                        new ProcessBuilder(
                                        "gcc",
                                        "-std=gnu17",
                                        "-O2",
                                        "-Wall",
                                        "-Wextra",
                                        "-Werror",
                                        "-static",
                                        "-pthread",
                                        "-o",
                                        target.toString(),
                                        source.toString())
                                .inheritIO()
                                .start();
                if (!compiler.waitFor(60, TimeUnit.SECONDS) || compiler.exitValue() != 0) {
                    throw new IllegalStateException("cannot compile " + source);
                }
            }
            return target;
        } catch (IOException noCompiler) {
            require(false, "no C compiler: " + noCompiler.getMessage());
            throw new IllegalStateException(noCompiler);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    /** The stand-in for the product's starter: {@code COMMAND SOCKET TOKEN CRIU}. */
    public static List<String> spawnCommand() {
        return List.of(executable().toString(), "spawn");
    }

    public static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(executable().toString());
        command.addAll(List.of(arguments));
        return command;
    }

    /** False for a zombie too: how soon init reaps an orphan is not ours to wait for. */
    static boolean runs(ProcessHandle process) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            return process.isAlive() && !stat.substring(stat.lastIndexOf(')')).startsWith(") Z");
        } catch (IOException gone) {
            return false;
        }
    }
}
