package io.mig.checkpoint.criu;

import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * Starts criu processes in our own namespaces, ahead of need: start-up (10-20 ms) then does not
 * count as freeze time. The starter program connects the socket and executes criu, because a JVM
 * cannot hand a descriptor to a child.
 */
public final class CriuLauncher {
    private static final int MAX_COMPLAINT_LINES = 5;

    private final CriuServer server;
    private final List<String> spawnCommand;
    private final Path criu;

    /**
     * @param spawnCommand program (with leading arguments) that is called as {@code COMMAND SOCKET
     *     TOKEN CRIU [PID]}
     * @param criu the criu executable
     */
    public CriuLauncher(CriuServer server, List<String> spawnCommand, Path criu) {
        this.server = server;
        this.spawnCommand = List.copyOf(spawnCommand);
        this.criu = criu;
    }

    /** Starts one criu and waits until it reports; the caller closes it. */
    public CriuConnection start(Duration timeout) {
        return start(timeout, List.of());
    }

    /**
     * The same for a criu that will dump a process: where CAP_SYS_RESOURCE is missing, the limits
     * of a process can only be read by somebody with its real ids (prlimit(2)).
     */
    public CriuConnection start(Duration timeout, int pid) {
        return start(timeout, List.of(Integer.toString(pid)));
    }

    private CriuConnection start(Duration timeout, List<String> further) {
        if (!Files.isExecutable(criu)) {
            throw CheckpointException.failed(
                    Phase.CONNECT,
                    "no CRIU at " + criu + "; install it (mig doctor --fix) or set its path",
                    2);
        }
        String token = UUID.randomUUID().toString();
        List<String> command = new ArrayList<>(spawnCommand);
        command.addAll(List.of(server.socketPath().toString(), token, criu.toString()));
        command.addAll(further);
        CompletableFuture<CriuConnection> arrival = server.expect(token);
        Path complaints = null;
        try {
            complaints = Files.createTempFile("mig-criu-", ".err");
            Process process =
                    new ProcessBuilder(command)
                            .redirectInput(
                                    ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(complaints.toFile())
                            .start();
            // A criu that ends before it reports must not cost us the whole timeout.
            var _ =
                    process.onExit()
                            .thenRun(
                                    () ->
                                            arrival.completeExceptionally(
                                                    new IOException("it ended, see exit status")));
            return await(arrival, process, complaints, timeout);
        } catch (IOException failed) {
            arrival.cancel(false);
            throw CheckpointException.failed(
                            Phase.CONNECT,
                            "cannot start criu, command=" + command + ": " + failed,
                            0)
                    .causedBy(failed);
        } finally {
            deleteQuietly(complaints);
        }
    }

    private CriuConnection await(
            CompletableFuture<CriuConnection> arrival,
            Process process,
            Path complaints,
            Duration timeout) {
        try {
            return arrival.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException failed) {
            String status = process.isAlive() ? "" : " status=" + process.exitValue();
            process.destroyForcibly();
            throw CheckpointException.failed(
                            Phase.CONNECT,
                            "criu did not report for work:" + status + complaint(complaints),
                            0)
                    .causedBy(failed);
        } catch (TimeoutException late) {
            arrival.cancel(false);
            process.destroyForcibly();
            throw CheckpointException.failed(
                    Phase.CONNECT,
                    "criu did not report for work within " + timeout + complaint(complaints),
                    0);
        } catch (InterruptedException interrupted) {
            arrival.cancel(false);
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw CheckpointException.failed(
                    Phase.CONNECT, "interrupted while waiting for criu to report", 0);
        }
    }

    private static String complaint(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            String text = String.join(" | ", lines.limit(MAX_COMPLAINT_LINES).toList());
            return text.isBlank() ? "" : ", it said: " + text;
        } catch (IOException | java.io.UncheckedIOException unreadable) {
            return "";
        }
    }

    private static void deleteQuietly(@org.jspecify.annotations.Nullable Path file) {
        if (file != null) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException leftBehind) {
                file.toFile().deleteOnExit();
            }
        }
    }
}
