package io.mig.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Programs that work in a mounted tree. Always other processes: a thread of this one that waits for
 * a mount served by this one cannot be stopped.
 */
final class Guest {
    /** How one ended, with both its outputs. */
    record Ended(int status, String output) {
        String ok() {
            assertThat(status).as(output).isZero();
            return output;
        }
    }

    private final Path directory;
    private final Runnable settle;

    /**
     * @param directory in which commands begin
     * @param settle runs before anybody hears of what they did, as an agent does it
     */
    Guest(Path directory, Runnable settle) {
        this.directory = directory;
        this.settle = settle;
    }

    /** One whom nobody serves. */
    Guest(Path directory) {
        this(directory, () -> {});
    }

    /** What they wrote is at home afterwards. */
    void settle() {
        settle.run();
    }

    Path directory() {
        return directory;
    }

    Ended sh(String script) {
        return run(List.of("/bin/sh", "-c", "cd '" + directory + "' && " + script));
    }

    /** For what takes long. */
    Ended sh(String script, Duration patience) {
        return run(List.of("/bin/sh", "-c", "cd '" + directory + "' && " + script), patience);
    }

    /** As an ordinary user. */
    Ended shAs(int uid, String script) {
        return run(
                List.of(
                        "setpriv",
                        "--reuid=" + uid,
                        "--regid=" + uid,
                        "--clear-groups",
                        "/bin/sh",
                        "-c",
                        "cd '" + directory + "' && " + script));
    }

    Process start(String script) {
        try {
            Process process =
                    new ProcessBuilder("/bin/sh", "-c", "cd '" + directory + "' && " + script)
                            .redirectErrorStream(true)
                            .start();
            // nobody may wait for it for ever
            process.onExit()
                    .orTimeout(45, TimeUnit.SECONDS)
                    .exceptionally(
                            late -> {
                                process.destroyForcibly();
                                return process;
                            });
            return process;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Ended run(List<String> command) {
        return run(command, Duration.ofSeconds(60));
    }

    private Ended run(List<String> command, Duration patience) {
        Ended ended = await(command, patience);
        settle.run();
        return ended;
    }

    static Ended await(List<String> command, Duration patience) {
        try {
            Path output = Files.createTempFile("guest", ".out");
            try {
                Process process =
                        new ProcessBuilder(command)
                                .redirectErrorStream(true)
                                .redirectOutput(output.toFile())
                                .start();
                process.getOutputStream().close();
                if (!process.waitFor(patience.toSeconds(), TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new IllegalStateException(
                            "does not end: " + command + "\n" + Files.readString(output));
                }
                return new Ended(
                        process.exitValue(),
                        new String(Files.readAllBytes(output), StandardCharsets.ISO_8859_1));
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
