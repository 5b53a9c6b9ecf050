package io.mig.faults;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the {@code mig} script against one lab. Stateless. */
final class LabShell {
    /** What a command said. */
    record Outcome(int status, String out, String err) {
        String all() {
            return (out + err).strip();
        }
    }

    private final Path script;
    private final String lab;

    LabShell(Path script, String lab) {
        this.script = script;
        this.lab = lab;
    }

    /** {@code mig lab ...}. */
    Outcome lab(String... words) {
        List<String> command = new ArrayList<>(List.of("lab"));
        command.addAll(List.of(words));
        return run(command, 120);
    }

    /** A shell script on a node. */
    Outcome on(String node, String text) {
        return run(List.of("lab", "exec", "-T", node, "--", "sh", "-c", text), 120);
    }

    Outcome run(List<String> words, int seconds) {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(words);
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().put("MIG_LAB", lab);
            builder.environment().put("MIG_BUILD", "never");
            builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
            Process process = builder.start();
            StringBuilder err = new StringBuilder();
            Thread reader =
                    Thread.ofVirtual()
                            .start(
                                    () -> {
                                        try {
                                            err.append(
                                                    text(process.getErrorStream().readAllBytes()));
                                        } catch (IOException e) {
                                            err.append(e);
                                        }
                                    });
            String out = text(process.getInputStream().readAllBytes());
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return new Outcome(-1, out, "no end within " + seconds + " s");
            }
            reader.join();
            return new Outcome(process.exitValue(), out, err.toString());
        } catch (IOException e) {
            return new Outcome(-1, "", e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Outcome(-1, "", "interrupted");
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
