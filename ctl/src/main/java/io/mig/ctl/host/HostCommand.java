package io.mig.ctl.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs of the host to their end. Stateless. */
public final class HostCommand {
    /** How it ended and what it printed (both streams). */
    public record Outcome(int status, String output) {
        /** Whether it succeeded. */
        public boolean ok() {
            return status == 0;
        }
    }

    private static final long LIMIT_SECONDS = 60;

    private HostCommand() {}

    /** Runs a command; a status other than 0 is an outcome, not an error. */
    public static Outcome run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectInput(
                                    ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                            .start();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                            .strip();
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new HostException(
                        "gave up after " + LIMIT_SECONDS + " s: " + String.join(" ", command));
            }
            return new Outcome(process.exitValue(), output);
        } catch (IOException e) {
            throw new HostException("cannot run " + command.getFirst() + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("interrupted while running " + String.join(" ", command), e);
        }
    }

    /** As {@link #run(List)}. */
    public static Outcome run(String... command) {
        return run(List.of(command));
    }

    /** Runs a command that has to succeed. */
    public static String must(List<String> command) {
        Outcome outcome = run(command);
        if (!outcome.ok()) {
            throw new HostException(
                    String.join(" ", command)
                            + " failed with status "
                            + outcome.status()
                            + ": "
                            + outcome.output());
        }
        return outcome.output();
    }

    /** As {@link #must(List)}. */
    public static String must(String... command) {
        return must(List.of(command));
    }
}
