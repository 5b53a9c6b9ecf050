package io.mig.checkpoint.support;

import static org.awaitility.Awaitility.await;

import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.criu.CriuLauncher;
import io.mig.checkpoint.criu.CriuServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

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
     * Starts criu as child of the namespace's init; with {@code pty} in a session on a new
     * terminal.
     */
    public static Capsule start(CriuServer server, Path directory, boolean pty) {
        try {
            Path output = Files.createTempFile(directory, "capsule-", ".out");
            ProcessBuilder builder =
                    builder(pty ? "pty" : "", "")
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(output.toFile());
            return start(server, builder, output);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /**
     * Like the other, but criu has descriptor 7, a pipe we write to, and 8, a pipe we read from.
     */
    public static Capsule startWithPipes(CriuServer server) {
        try {
            return start(server, builder("", "7<&0 8>&1"), Path.of("/dev/null"));
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static ProcessBuilder builder(String mode, String redirections) {
        String inner =
                "exec "
                        + Harness.executable()
                        + " init \"$MIG_SOCKET\" \"$MIG_TOKEN\" "
                        + Harness.CRIU
                        + " "
                        + mode
                        + " "
                        + redirections;
        return new ProcessBuilder(
                        "unshare",
                        "-p",
                        "-f",
                        "-m",
                        "--mount-proc",
                        "--kill-child",
                        "sh",
                        "-c",
                        inner)
                .redirectError(ProcessBuilder.Redirect.INHERIT);
    }

    private static Capsule start(CriuServer server, ProcessBuilder builder, Path output)
            throws IOException {
        String token = UUID.randomUUID().toString();
        CompletableFuture<CriuConnection> arrival = server.expect(token);
        builder.environment().put("MIG_SOCKET", server.socketPath().toString());
        builder.environment().put("MIG_TOKEN", token);
        Process process = builder.start();
        try {
            return new Capsule(process, arrival.get(20, TimeUnit.SECONDS), output);
        } catch (ExecutionException | TimeoutException failed) {
            process.destroyForcibly();
            throw new IllegalStateException(failed);
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    /** What criu's descriptor 7 reads. */
    public OutputStream input() {
        return process.getOutputStream();
    }

    /** What was written to criu's descriptor 8. */
    public BufferedReader reader() {
        return process.inputReader();
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

    /** The pid the host gives to the process that is {@code pid} inside. */
    public int hostPid(int pid) {
        return processes().stream()
                .mapToInt(each -> (int) each.pid())
                .filter(each -> innerPid(each) == pid)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("nobody inside has pid " + pid));
    }

    private static int innerPid(int hostPid) {
        try (var lines = Files.lines(Path.of("/proc", Integer.toString(hostPid), "status"))) {
            return lines.filter(line -> line.startsWith("NSpid:"))
                    .map(line -> line.substring(line.lastIndexOf('\t') + 1))
                    .mapToInt(Integer::parseInt)
                    .findFirst()
                    .orElse(0);
        } catch (IOException | java.io.UncheckedIOException gone) {
            return 0;
        }
    }

    /** Starts another criu inside, for the dump of what lives here. */
    public CriuConnection secondCriu(CriuServer server) {
        List<String> enter =
                List.of(
                        "nsenter",
                        "-t",
                        Integer.toString(hostPid(1)),
                        "-p",
                        "-m",
                        "--",
                        Harness.executable().toString(),
                        "spawn");
        return new CriuLauncher(server, enter, Harness.CRIU).start(Harness.PATIENCE);
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
                .pollInterval(5, TimeUnit.MILLISECONDS)
                .until(() -> !process.isAlive() && inside.stream().noneMatch(Harness::runs));
    }
}
