package io.mig.home;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * Runs {@code mig-deputise}, which makes frozen originals execute the deputy program. A program of
 * its own, so that the end of this agent in the middle of it cannot let an original run: the helper
 * finishes, or its end kills what it holds.
 *
 * <p>Blocks; safe to repeat: who is a deputy already is reported as done.
 */
public final class Deputiser {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int MAX_OUTPUT_BYTES = 1 << 20;

    private final NativeTools tools;

    public Deputiser(NativeTools tools) {
        this.tools = tools;
    }

    /**
     * @param thaw {@code cgroup.freeze} file to get a 0 once all processes are held; empty when
     *     each leaves it by its plan
     */
    public List<DeputyOutcome> deputise(List<DeputyPlan> plans, Optional<Path> thaw) {
        return run(plans, thaw.map(file -> List.of("--thaw", file.toString())).orElse(List.of()));
    }

    /**
     * Only says whether it would work: program class, seccomp filters, visibility of the deputy
     * program. Changes nothing.
     */
    public List<DeputyOutcome> verify(List<DeputyPlan> plans) {
        return run(plans, List.of("--verify"));
    }

    /**
     * Puts bytes that the body did not read into the input of the deputy's terminal; for systems
     * where users may not ({@code dev.tty.legacy_tiocsti=0}). The helper checks that the terminal
     * is the deputy's own.
     *
     * @param hex the bytes, two digits each
     * @return why it did not work
     */
    Optional<String> giveBack(int pid, int fd, String hex) {
        String text =
                output(
                        List.of(
                                tools.deputise().toString(),
                                "--stub",
                                tools.deputy().toString(),
                                "--pid",
                                String.valueOf(pid),
                                "--fd",
                                String.valueOf(fd),
                                "--unread",
                                hex));
        return text.strip().equals(pid + " ok") ? Optional.empty() : Optional.of(text.strip());
    }

    private List<DeputyOutcome> run(List<DeputyPlan> plans, List<String> options) {
        if (plans.isEmpty()) {
            return List.of();
        }
        List<String> command =
                new ArrayList<>(
                        List.of(tools.deputise().toString(), "--stub", tools.deputy().toString()));
        command.addAll(options);
        for (DeputyPlan plan : plans) {
            command.addAll(
                    List.of(
                            "--cgroup",
                            plan.cgroupProcs().toString(),
                            "--pid",
                            String.valueOf(plan.pid())));
            if (!plan.keep().isEmpty()) {
                command.add("--keep");
                command.add(
                        plan.keep().stream().map(String::valueOf).collect(Collectors.joining(",")));
            }
        }
        return outcomes(plans, output(command));
    }

    private static String output(List<String> command) {
        Process helper;
        try {
            helper = new ProcessBuilder(command).redirectErrorStream(true).start();
            helper.getOutputStream().close();
        } catch (IOException e) {
            throw new RefusedException(
                    ErrorCode.REFUSED, "cannot run " + command.getFirst() + ": " + e.getMessage());
        }
        CompletableFuture<String> output =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return new String(
                                        helper.getInputStream().readNBytes(MAX_OUTPUT_BYTES),
                                        UTF_8);
                            } catch (IOException e) {
                                return "";
                            }
                        },
                        task -> Thread.ofVirtual().start(task));
        try {
            String text = output.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            helper.waitFor();
            return text;
        } catch (InterruptedException e) {
            // it goes on by itself and ends soon; what became of the processes can be asked again
            Thread.currentThread().interrupt();
            throw new RefusedException(
                    ErrorCode.INTERNAL, true, "interrupted while mig-deputise was running");
        } catch (ExecutionException | TimeoutException e) {
            // not killed: those it holds would die with it (rather than run)
            throw new RefusedException(
                    ErrorCode.TIMEOUT,
                    true,
                    "mig-deputise pid="
                            + helper.pid()
                            + " did not end within "
                            + LIMIT
                            + " and goes on: command="
                            + command);
        }
    }

    /**
     * One line per process: {@code PID ok} or {@code PID error REASON}; whoever has none has
     * failed.
     */
    static List<DeputyOutcome> outcomes(List<DeputyPlan> plans, String output) {
        Map<Integer, DeputyOutcome> known = new HashMap<>();
        List<String> rest = new ArrayList<>();
        for (String line : output.lines().toList()) {
            String[] words = line.split(" ", 3);
            if (words.length >= 2 && words[0].matches("[0-9]{1,9}")) {
                int pid = Integer.parseInt(words[0]);
                known.put(
                        pid,
                        words[1].equals("ok")
                                ? new DeputyOutcome.Done(pid)
                                : new DeputyOutcome.Failed(
                                        pid, words.length > 2 ? words[2] : line));
            } else {
                rest.add(line);
            }
        }
        String silence =
                "mig-deputise said nothing about it"
                        + (rest.isEmpty() ? "" : ": " + String.join("; ", rest));
        return plans.stream()
                .map(
                        plan ->
                                known.getOrDefault(
                                        plan.pid(), new DeputyOutcome.Failed(plan.pid(), silence)))
                .toList();
    }
}
