package io.mig.migration.preflight;

import io.mig.checkpoint.proc.LinuxKernelObjects;
import io.mig.checkpoint.proc.ProcFs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** Starts real programs, asks preflight about them, and ends them. */
final class Workloads implements AutoCloseable {
    final ProcFs proc = ProcFs.system();
    final SourceFactsReader reader =
            new SourceFactsReader(proc, new LinuxKernelObjects(), Map::of, "4.2.1", "amd64");
    // The agent of these tests is somebody else than the JVM that starts the programs.
    final AgentFacts agent = notAncestor(reader.agent("node1", List.of("/opt/mig/criu"), Set.of()));
    private final List<Process> started = new ArrayList<>();
    private final Path folder;

    Workloads(Path folder) {
        this.folder = folder;
    }

    private static AgentFacts notAncestor(AgentFacts a) {
        return new AgentFacts(
                a.node(),
                2,
                List.of(1),
                a.namespaces(),
                a.root(),
                a.seccompFilters(),
                a.programFolders(),
                Set.of());
    }

    Path folder() {
        return folder;
    }

    /**
     * Starts a shell script in a new session with nothing inherited from the test, and waits for
     * file {@code ready}.
     */
    int script(String text) throws IOException {
        Path ready = Files.createTempDirectory(folder, "w").resolve("ready");
        Process p =
                new ProcessBuilder("setsid", "sh", "-c", text.replace("$READY", ready.toString()))
                        .directory(folder.toFile())
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(Path.of("/dev/null").toFile())
                        .redirectError(Path.of("/dev/null").toFile())
                        .start();
        started.add(p);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> Files.exists(ready));
        return (int) p.pid();
    }

    /**
     * Pid of the descendant whose command line, without the folder of the program, begins with
     * {@code words}.
     */
    int descendant(int root, String words) {
        return Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(
                        () ->
                                proc.members(root).keySet().stream()
                                        .filter(p -> commandLine(p).startsWith(words))
                                        .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    private String commandLine(int pid) {
        String line = String.join(" ", proc.cmdline(pid));
        int end = line.indexOf(' ') < 0 ? line.length() : line.indexOf(' ');
        return line.substring(line.lastIndexOf('/', end - 1) + 1);
    }

    SourceFacts facts(int pid) {
        return reader.read(pid, agent, Optional.empty());
    }

    PreflightReport check(int pid, PreflightPolicy policy) {
        return Preflight.check(facts(pid), Optional.empty(), policy);
    }

    PreflightReport check(int pid) {
        return check(pid, PreflightPolicy.defaults());
    }

    /** Compiles a C program; empty when there is no compiler. */
    Optional<Path> compile(String name, String source) throws Exception {
        Path c = folder.resolve(name + ".c");
        Path out = folder.resolve(name);
        Files.writeString(c, source);
        Process p;
        try {
            p =
                    new ProcessBuilder("gcc", "-O1", "-o", out.toString(), c.toString())
                            .inheritIO()
                            .start();
        } catch (IOException e) {
            return Optional.empty();
        }
        return p.waitFor(60, TimeUnit.SECONDS) && p.exitValue() == 0
                ? Optional.of(out)
                : Optional.empty();
    }

    @Override
    public void close() {
        for (Process p : started) {
            p.toHandle().descendants().forEach(ProcessHandle::destroyForcibly);
            p.destroyForcibly();
        }
        for (Process p : started) {
            p.onExit().join();
        }
    }
}
