package io.mig.checkpoint.support;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A program of the harness that runs until the test is over; closing kills it and all its
 * descendants.
 */
public final class Workload implements AutoCloseable {
    private final Process process;
    private final Path output;

    private Workload(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /**
     * Starts a harness verb; its output goes to a file so that no pipe to the test is part of an
     * image.
     */
    public static Workload start(Path directory, String... verb) {
        try {
            Path output = Files.createTempFile(directory, "workload-", ".out");
            Process process =
                    new ProcessBuilder(Harness.command(verb))
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(output.toFile())
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            return new Workload(process, output);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    public static Workload ready(Path directory, String... verb) {
        return start(directory, verb).awaitLine("ready");
    }

    public Workload awaitLine(String text) {
        await().atMost(Harness.PATIENCE)
                .pollInterval(2, TimeUnit.MILLISECONDS)
                .until(() -> lines().contains(text) || !process.isAlive());
        if (!lines().contains(text)) {
            throw new IllegalStateException(
                    "workload ended with " + process.exitValue() + " before it said " + text);
        }
        return this;
    }

    public List<String> lines() {
        try {
            return Files.readAllLines(output);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    public int pid() {
        return (int) process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The number at {@code slot} of a counter file. */
    public static long counter(Path file, int slot) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            return bytes.length < 8 * (slot + 1)
                    ? 0
                    : ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getLong(8 * slot);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** Waits until the number at {@code slot} has grown. */
    public static void awaitTick(Path file, int slot) {
        long before = counter(file, slot);
        await().atMost(Harness.PATIENCE)
                .pollInterval(2, TimeUnit.MILLISECONDS)
                .until(() -> counter(file, slot) > before);
    }

    @Override
    public void close() {
        List<ProcessHandle> family = process.descendants().toList();
        process.destroyForcibly();
        family.forEach(ProcessHandle::destroyForcibly);
        await().atMost(Harness.PATIENCE)
                .pollInterval(5, TimeUnit.MILLISECONDS)
                .until(() -> !process.isAlive() && family.stream().noneMatch(Harness::runs));
    }
}
