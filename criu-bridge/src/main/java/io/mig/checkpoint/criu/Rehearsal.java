package io.mig.checkpoint.criu;

import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.CheckpointListener;
import io.mig.checkpoint.DumpRequest;
import io.mig.checkpoint.Freezer;
import io.mig.checkpoint.FrozenTree;
import io.mig.checkpoint.Leaf;
import io.mig.checkpoint.Phase;
import io.mig.checkpoint.TreeFreezer;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;

/**
 * Freezes and dumps a small process of our own and throws the images away. Nothing short of a dump
 * proves that dumps work on a machine ({@code criu check} only looks at the kernel), and after it
 * everything a real one needs is loaded: classes, native libraries, CRIU's cache of kernel
 * features. Meant for the start of an agent and for {@code mig doctor}; takes a few hundred
 * milliseconds the first time.
 */
public final class Rehearsal {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final CriuLauncher launcher;
    private final Freezer freezer;
    private final Path scratch;

    /** What it took. */
    public record Result(Duration freeze, Duration dump, Duration total) {}

    /**
     * @param scratch existing directory in which a directory for the images is made and removed
     */
    public Rehearsal(CriuLauncher launcher, Freezer freezer, Path scratch) {
        this.launcher = launcher;
        this.freezer = freezer;
        this.scratch = scratch;
    }

    /**
     * @throws CheckpointException when this machine cannot freeze or dump; it says why
     */
    public Result run() {
        long start = System.nanoTime();
        String name = "rehearsal-" + UUID.randomUUID();
        Path images = scratch.resolve(name);
        Process dummy = null;
        Leaf leaf = null;
        try {
            Files.createDirectory(images);
            leaf = freezer.create(name);
            dummy =
                    new ProcessBuilder("sleep", "60")
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            return dump((int) dummy.pid(), leaf, images, start);
        } catch (IOException failed) {
            throw CheckpointException.failed(
                            Phase.PREPARE,
                            "cannot rehearse a dump in " + scratch + ": " + failed,
                            0)
                    .causedBy(failed);
        } finally {
            if (dummy != null) {
                dummy.destroyForcibly();
            }
            if (leaf != null) {
                leaf.kill();
                leaf.remove(LIMIT);
            }
            deleteImages(images);
        }
    }

    private Result dump(int pid, Leaf leaf, Path images, long start) {
        try (CriuConnection criu = launcher.start(LIMIT)) {
            criu.requireSupported();
            criu.features();
            long begin = System.nanoTime();
            FrozenTree tree = new TreeFreezer(freezer.root()).freeze(pid, leaf);
            long frozen = System.nanoTime();
            criu.dump(
                    DumpRequest.of(pid, images)
                            .freezeCgroup(leaf.directory())
                            .answerTimeout(LIMIT)
                            .build(),
                    CheckpointListener.NONE);
            long dumped = System.nanoTime();
            tree.thawAndReturn();
            return new Result(
                    Duration.ofNanos(frozen - begin),
                    Duration.ofNanos(dumped - frozen),
                    Duration.ofNanos(System.nanoTime() - start));
        }
    }

    private static void deleteImages(Path images) {
        if (!Files.isDirectory(images)) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(images)) {
            for (Path file : files) {
                Files.delete(file);
            }
            Files.delete(images);
        } catch (IOException leftBehind) {
            images.toFile().deleteOnExit();
        }
    }
}
