package io.mig.testkit;

import io.mig.json.Json;
import io.mig.json.JsonException;
import io.mig.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Drives one lab through the {@code mig} script, as a person would. Needs root. Closing takes the
 * lab down. For one thread at a time, except {@link #exec}, which any thread may call.
 */
public final class LabDriver implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final long AGAIN_NANOS = 200_000_000L;

    private final Path home;
    private final String name;

    /**
     * @param home the folder of the {@code mig} script
     * @param name of the lab; labs of different names live side by side
     */
    public LabDriver(Path home, String name) {
        this.home = home;
        this.name = name;
    }

    /**
     * What a command said.
     *
     * @param status exit status
     * @param out standard output, without the last newline
     * @param err standard error, likewise
     */
    public record Answer(int status, String out, String err) {
        /** The output of a command that must have worked. */
        public String must() {
            if (status != 0) {
                throw new IllegalStateException("status=" + status + " " + err + " " + out);
            }
            return out;
        }
    }

    /** Makes the nodes; a lab of this name that is left from earlier goes first. */
    public void up(int nodes, String... options) {
        mig(List.of("lab", "down"));
        List<String> arguments = new ArrayList<>(List.of("lab", "up", String.valueOf(nodes)));
        arguments.addAll(List.of(options));
        mig(arguments).must();
    }

    /** Starts agents again, so that they read their files anew. */
    public void restartAgents(List<String> nodes) {
        for (String node : nodes) {
            mig(List.of("lab", "agent", node, "restart")).must();
        }
        awaitUp(nodes);
    }

    /** Waits until the first of the nodes sees all of them up. */
    public void awaitUp(List<String> nodes) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!nodes.stream().allMatch(exec(nodes.getFirst(), "mig", "nodes").out()::contains)
                || exec(nodes.getFirst(), "mig", "nodes").out().contains("down")) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("nodes do not come up: " + nodes);
            }
            LockSupport.parkNanos(AGAIN_NANOS);
        }
    }

    /** Waits until the first node says this of another. */
    public void awaitState(String node, String state) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (exec("node1", "mig", "nodes")
                .out()
                .lines()
                .noneMatch(l -> l.matches(node + "\\s+" + state + "\\b.*"))) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException(node + " does not become " + state);
            }
            LockSupport.parkNanos(AGAIN_NANOS);
        }
    }

    /** Runs {@code mig} on the host. */
    public Answer mig(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(home.resolve("mig").toString()));
        command.addAll(arguments);
        return run(command, PATIENCE);
    }

    /** Runs a command on a node, without a terminal. */
    public Answer exec(String node, String... command) {
        List<String> arguments = new ArrayList<>(List.of("lab", "exec", "-T", node, "--"));
        arguments.addAll(List.of(command));
        return mig(arguments);
    }

    /** Runs a line of shell on a node. */
    public Answer sh(String node, String line) {
        return exec(node, "bash", "-c", line);
    }

    /** Writes a file on a node. */
    public void write(String node, String path, String content) {
        sh(node, "cat >" + path + " <<'END-OF-FILE'\n" + content + "END-OF-FILE\n").must();
    }

    /**
     * Runs {@code mig ... --json} on node1 and reads its object; an answer that is none becomes an
     * object with {@code outcome} and {@code reason}.
     */
    public JsonObject json(String... command) {
        List<String> all = new ArrayList<>(List.of("mig"));
        all.addAll(List.of(command));
        all.add("--json");
        Answer answer = exec("node1", all.toArray(String[]::new));
        try {
            return Json.parseObject(answer.out().getBytes(StandardCharsets.UTF_8));
        } catch (JsonException e) {
            return JsonObject.builder()
                    .put("outcome", "failed")
                    .put("reason", "status=" + answer.status() + " " + answer.err())
                    .build();
        }
    }

    /** A terminal on which an interactive bash of a node waits for a person. */
    public Terminal terminal(String node, @Nullable Consumer<String> echo) {
        try {
            List<String> bash = List.of("bash", "--norc", "-i");
            List<String> command =
                    new ArrayList<>(
                            List.of(
                                    "env",
                                    "MIG_BUILD=never",
                                    "MIG_LAB=" + name,
                                    home.resolve("mig").toString(),
                                    "lab",
                                    "exec",
                                    "-t",
                                    node,
                                    "--"));
            command.addAll(bash);
            return Terminal.start(command, echo);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Answer run(List<String> command, Duration patience) {
        try {
            Path out = Files.createTempFile("mig-out", "");
            Path err = Files.createTempFile("mig-err", "");
            try {
                ProcessBuilder builder =
                        new ProcessBuilder(command)
                                .redirectInput(Path.of("/dev/null").toFile())
                                .redirectOutput(out.toFile())
                                .redirectError(err.toFile());
                builder.environment().putAll(Map.of("MIG_BUILD", "never", "MIG_LAB", name));
                Process process = builder.start();
                if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.destroyForcibly().waitFor();
                    throw new IllegalStateException(command + " took longer than " + patience);
                }
                return new Answer(
                        process.exitValue(),
                        Files.readString(out).stripTrailing(),
                        Files.readString(err).stripTrailing());
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted during " + command, e);
        }
    }

    @Override
    public void close() {
        mig(List.of("lab", "down"));
    }
}
