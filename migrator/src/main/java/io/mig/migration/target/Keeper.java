package io.mig.migration.target;

import io.mig.checkpoint.Freezer;
import io.mig.checkpoint.Leaf;
import io.mig.files.fuse.Kept;
import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The process that holds the mount of one home's files, so that guests who use them only wait when
 * the agent is away (see {@code keeper.c}). It is known by its cgroup.
 */
final class Keeper {
    private static final int KEPT_FD = 3;
    private static final Duration REMOVE = Duration.ofSeconds(5);

    private final Path program;
    private final Freezer freezer;
    private final String name;

    /**
     * @param name of its cgroup
     */
    Keeper(Path program, Freezer freezer, String name) {
        this.program = program;
        this.freezer = freezer;
        this.name = name;
    }

    private Optional<Leaf> leaf() {
        return freezer.leftovers().stream().filter(l -> l.name().equals(name)).findFirst();
    }

    /** What it holds, if it lives. */
    Optional<Kept> alive() {
        return leaf().flatMap(l -> l.pids().stream().findFirst())
                .map(pid -> new Kept(pid, KEPT_FD));
    }

    /** Mounts, and holds that from now on. */
    Kept start(Path mountPoint, String source) {
        Leaf leaf = freezer.create(name);
        try {
            Process process =
                    new ProcessBuilder(
                                    List.of(
                                            program.toString(),
                                            mountPoint.toString(),
                                            source,
                                            leaf.directory().resolve("cgroup.procs").toString()))
                            .redirectErrorStream(true)
                            .start();
            process.getOutputStream().close();
            String said;
            try (var in = process.getInputStream()) {
                said = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
            }
            if (process.waitFor() != 0) {
                throw new RefusedException(ErrorCode.REFUSED, "home's files: " + said);
            }
        } catch (IOException e) {
            throw new RefusedException(
                    ErrorCode.REFUSED, "cannot start program=" + program + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException(ErrorCode.TIMEOUT, "interrupted while mounting");
        }
        return alive().orElseThrow(
                        () ->
                                new RefusedException(
                                        ErrorCode.REFUSED,
                                        "the keeper of home's files ended: cgroup=" + leaf));
    }

    /** The mount goes when nobody else holds it. */
    void end() {
        leaf().ifPresent(
                        leaf -> {
                            leaf.kill();
                            leaf.remove(REMOVE);
                        });
    }
}
