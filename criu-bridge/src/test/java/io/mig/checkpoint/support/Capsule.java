package io.mig.checkpoint.support;

import static org.awaitility.Awaitility.await;

import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.criu.CriuServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A fresh pid and mount namespace with a criu in it; closing kills everything inside. */
public final class Capsule implements AutoCloseable {
    private final Process process;
    private final CriuConnection criu;
    private final Path output;

    private Capsule(Process process, CriuConnection criu, Path output) {
        this.process = process;
        this.criu = criu;
        this.output = output;
    }

    /**
     * Starts criu as child of the namespace's init; with {@code pty} as session leader on a new
     * terminal.
     */
    public static Capsule start(CriuServer server, Path directory, boolean pty) {
        return start(server, directory, pty, "");
    }

    /**
     * @param redirections shell redirections that open further descriptors for criu, such as {@code
     *     7<in 8>out}
     */
    public static Capsule start(
            CriuServer server, Path directory, boolean pty, String redirections) {
        try {
            String token = UUID.randomUUID().toString();
            CompletableFuture<CriuConnection> arrival = server.expect(token);
            Path output = Files.createTempFile(directory, "capsule-", ".out");
            List<String> inner =
                    new ArrayList<>(
                            Harness.command(
                                    "init",
                                    server.socketPath().toString(),
                                    token,
                                    Harness.CRIU.toString()));
            if (pty) {
                inner.add("pty");
            }
            Process process =
                    new ProcessBuilder(
                                    "unshare",
                                    "-p",
                                    "-f",
                                    "-m",
                                    "--mount-proc",
                                    "--kill-child",
                                    "sh",
                                    "-c",
                                    "exec " + String.join(" ", inner) + " " + redirections)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(output.toFile())
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            return new Capsule(process, arrival.get(20, TimeUnit.SECONDS), output);
        } catch (IOException
                | java.util.concurrent.ExecutionException
                | java.util.concurrent.TimeoutException failed) {
            throw new IllegalStateException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    public CriuConnection criu() {
        return criu;
    }

    public String output() {
        try {
            return Files.readString(output);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** Processes inside, as the host sees them. */
    public List<ProcessHandle> processes() {
        return process.descendants().toList();
    }

    @Override
    public void close() {
        criu.close();
        List<ProcessHandle> inside = processes();
        process.destroyForcibly();
        inside.forEach(ProcessHandle::destroyForcibly);
        await().atMost(Harness.PATIENCE)
                .until(
                        () ->
                                !process.isAlive()
                                        && inside.stream().noneMatch(ProcessHandle::isAlive));
    }
}
