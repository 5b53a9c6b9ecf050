package io.mig.home;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A {@code sleep} below a shell that waits for it and says how it ended: the shell must never
 * notice that it goes away.
 */
final class Original implements AutoCloseable {
    final int pid;
    private final Process shell;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    Original() throws Exception {
        // job control off: the shell's own waiting does not end when the child stops
        shell =
                new ProcessBuilder("bash", "-c", "sleep 1000 & echo $!; wait $!; echo status=$?")
                        .redirectErrorStream(true)
                        .start();
        Thread.ofVirtual()
                .start(
                        () -> {
                            try (BufferedReader reader = shell.inputReader(UTF_8)) {
                                reader.lines().forEach(lines::add);
                            } catch (IOException | UncheckedIOException e) {
                                lines.add("closed");
                            }
                        });
        pid = Integer.parseInt(says());
    }

    /** What the shell says of the end of its child; it may say "Killed" before. */
    String status() throws InterruptedException {
        String line = says();
        while (!line.startsWith("status=")) {
            line = says();
        }
        return line;
    }

    private String says() throws InterruptedException {
        String line = lines.poll(Duration.ofSeconds(20).toMillis(), TimeUnit.MILLISECONDS);
        if (line == null) {
            throw new AssertionError("the shell says nothing; its child pid=" + pid);
        }
        return line;
    }

    void signal(String name) throws Exception {
        new ProcessBuilder("kill", "-" + name, String.valueOf(pid)).start().waitFor();
    }

    @Override
    public void close() {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        shell.destroyForcibly();
    }
}
