package io.mig.migration.target;

import io.mig.checkpoint.Freezer;
import io.mig.checkpoint.Leaf;
import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Starts capsules, and finds those that an earlier agent left. Thread-safe. */
public final class CapsuleFactory {
    private static final Duration START = Duration.ofSeconds(10);

    private final Path program;
    private final Path hullSocket;
    private final Path runDir;
    private final Path criu;
    private final Freezer freezer;
    private final Duration patience;

    /**
     * @param program the mig-capsule executable
     * @param hullSocket where its init connects to
     * @param criu the CRIU program
     */
    public CapsuleFactory(
            Path program,
            Path hullSocket,
            Path runDir,
            Path criu,
            Freezer freezer,
            Duration patience) {
        this.criu = criu;
        this.program = program;
        this.hullSocket = hullSocket;
        this.runDir = runDir;
        this.freezer = freezer;
        this.patience = patience;
    }

    private static String suffix(UUID id) {
        return id.toString().substring(0, 8);
    }

    /** A handle of a capsule that may or may not exist. */
    public Capsule handle(UUID id, Optional<CapsuleRoot> root) {
        Path base = freezer.root().mountPoint().resolve("mig");
        return new Capsule(
                id,
                freezer.open(base.resolve("capsule-" + suffix(id))),
                freezer.open(base.resolve("guest-" + suffix(id))),
                patience,
                root);
    }

    /** Of a capsule whose root is a home's tree. */
    public CapsuleRoot root(Path tree, List<String> shared) {
        return new CapsuleRoot(tree, runDir, shared);
    }

    /** Creates the cgroups and starts an init in namespaces of its own. */
    public Launch launch(UUID id, String hostname, Optional<CapsuleRoot> root) {
        Leaf standIns = freezer.create("capsule-" + suffix(id));
        Leaf guests = freezer.create("guest-" + suffix(id));
        return new Launch(new Capsule(id, standIns, guests, patience, root), hostname, root);
    }

    /** A capsule whose endpoint can be registered before its init is started. */
    public final class Launch {
        private final Capsule capsule;
        private final String hostname;
        private final Optional<CapsuleRoot> root;

        Launch(Capsule capsule, String hostname, Optional<CapsuleRoot> root) {
            this.capsule = capsule;
            this.hostname = hostname;
            this.root = root;
        }

        public Capsule capsule() {
            return capsule;
        }

        /** Starts the init; on failure everything is removed again. */
        public void start() {
            try {
                run();
            } catch (IOException e) {
                capsule.destroy();
                throw new RefusedException(
                        ErrorCode.REFUSED,
                        "cannot start capsule program=" + program + ": " + e.getMessage());
            } catch (RuntimeException e) {
                capsule.destroy();
                throw e;
            }
        }

        private void run() throws IOException {
            List<String> command =
                    new ArrayList<>(
                            List.of(
                                    program.toString(),
                                    "--id",
                                    capsule.id().toString(),
                                    "--socket",
                                    hullSocket.toString(),
                                    "--rundir",
                                    runDir.toString(),
                                    "--hostname",
                                    hostname,
                                    "--procs",
                                    capsule.standIns()
                                            .directory()
                                            .resolve("cgroup.procs")
                                            .toString()));
            if (root.isPresent()) {
                root.get().writeCriuConfig();
                command.addAll(arguments(root.get()));
            }
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output = output(process);
            if (!Optional.of(output).filter(o -> o.contains("pid=")).isPresent()) {
                throw new IOException("it ended without a word about its init: " + output.strip());
            }
        }

        private List<String> arguments(CapsuleRoot own) {
            List<String> arguments =
                    new ArrayList<>(
                            List.of(
                                    "--root",
                                    own.tree().toString(),
                                    "--criu",
                                    CapsuleRoot.criuDirectory(criu).toString(),
                                    "--cgroup",
                                    capsule.guests().directory().toString()));
            own.shared().forEach(folder -> arguments.addAll(List.of("--shared", folder)));
            return arguments;
        }

        private String output(Process process) throws IOException {
            try (var in = process.getInputStream()) {
                byte[] bytes = in.readAllBytes();
                if (!process.waitFor(START.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.destroyForcibly();
                    throw new IOException("it did not get ready within " + START);
                }
                return new String(bytes, StandardCharsets.UTF_8);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                process.destroyForcibly();
                throw new IOException("interrupted while it started", e);
            }
        }
    }
}
