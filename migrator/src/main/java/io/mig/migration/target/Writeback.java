package io.mig.migration.target;

import io.mig.checkpoint.Leaf;
import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process that waits until the kernel has handed over what was written through shared mappings:
 * the kernel does that some time later otherwise, perhaps over what the program has written by then
 * from where it went. This process must not touch files that it serves itself.
 */
final class Writeback {
    private Writeback() {}

    /**
     * @param cgroup of whoever acts for the guest
     * @param files links in /proc/PID/map_files; none: nothing is to be done
     * @throws RefusedException when it fails or takes longer than {@code patience}
     */
    static void of(Path program, Leaf cgroup, List<Path> files, Duration patience) {
        if (files.isEmpty()) {
            return;
        }
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        command.add(cgroup.directory().resolve("cgroup.procs").toString());
        files.forEach(file -> command.add(file.toString()));
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw refused("it takes longer than " + patience.toSeconds() + " s");
            }
            if (process.exitValue() != 0) {
                byte[] said = process.getInputStream().readAllBytes();
                throw refused(new String(said, StandardCharsets.UTF_8).strip());
            }
        } catch (IOException e) {
            throw refused(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw refused("interrupted");
        }
    }

    private static RefusedException refused(String why) {
        return new RefusedException(
                ErrorCode.REFUSED,
                true,
                "what it wrote through shared mappings cannot be written back: " + why);
    }
}
