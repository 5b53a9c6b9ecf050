package io.mig.migration.target;

import io.mig.checkpoint.Leaf;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that walks to the files which a restore will open, while the guest still runs where it
 * was: the kernel then knows names and attributes, and CRIU finds them without a word to home. This
 * process must not touch the tree itself. Failing is no matter: then CRIU asks.
 */
public final class Prefetch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Prefetch.class);
    private static final Duration PATIENCE = Duration.ofMillis(500);
    private static final int MOST = 1024;

    private final Optional<Process> process;

    private Prefetch(Optional<Process> process) {
        this.process = process;
    }

    /** Nothing is looked for. */
    static Prefetch none() {
        return new Prefetch(Optional.empty());
    }

    /** Starts it; does not wait. */
    static Prefetch of(Path program, Path tree, Leaf cgroup, List<String> files) {
        if (files.isEmpty()) {
            return none();
        }
        try {
            Process started =
                    new ProcessBuilder(
                                    program.toString(),
                                    tree.toString(),
                                    cgroup.directory().resolve("cgroup.procs").toString())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            Thread.ofVirtual().start(() -> tell(started, files));
            return new Prefetch(Optional.of(started));
        } catch (IOException e) {
            LOG.warn("files are not looked for beforehand: {}", e.getMessage());
            return none();
        }
    }

    private static void tell(Process process, List<String> files) {
        try (OutputStream to = process.getOutputStream()) {
            for (String file : files.subList(0, Math.min(MOST, files.size()))) {
                to.write(file.getBytes(StandardCharsets.UTF_8));
                to.write(0);
            }
        } catch (IOException e) {
            LOG.debug("it ended early: {}", e.getMessage());
        }
    }

    /** Waits a moment until it is done. Afterwards it is gone, whatever it has reached. */
    @Override
    public void close() {
        process.ifPresent(Prefetch::end);
    }

    private static void end(Process started) {
        try {
            if (!started.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.info("looking for files beforehand takes too long, given up");
                started.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            started.destroyForcibly();
        }
    }
}
