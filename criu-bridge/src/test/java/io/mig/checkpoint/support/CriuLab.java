package io.mig.checkpoint.support;

import io.mig.checkpoint.DumpRequest;
import io.mig.checkpoint.Freezer;
import io.mig.checkpoint.FrozenTree;
import io.mig.checkpoint.Leaf;
import io.mig.checkpoint.TreeFreezer;
import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.criu.CriuLauncher;
import io.mig.checkpoint.criu.CriuServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;

/** A server for criu processes, a leaf to freeze in and a directory for images, for one test. */
public final class CriuLab implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(20);

    private final Freezer freezer;
    private final String base = "mig-test-" + UUID.randomUUID();
    public final Leaf leaf;
    public final CriuServer server;
    public final CriuLauncher launcher;
    public final Path images;
    public final Path directory;

    public CriuLab(Path directory) {
        Harness.requireCriu();
        this.directory = directory;
        try {
            freezer = new Freezer(Freezer.discover(), base);
            leaf = freezer.create("leaf");
            images = Files.createDirectory(directory.resolve("images"));
            server = new CriuServer(directory.resolve("criu.sock"));
            server.start();
            launcher = new CriuLauncher(server, Harness.spawnCommand(), Harness.CRIU);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    public Freezer freezer() {
        return freezer;
    }

    public FrozenTree freeze(int pid) {
        return new TreeFreezer(freezer.root()).freeze(pid, leaf);
    }

    public DumpRequest.Builder dumpOf(int pid) {
        return DumpRequest.of(pid, images).freezeCgroup(leaf.directory());
    }

    public CriuConnection criu() {
        return launcher.start(START);
    }

    public Capsule capsule() {
        return Capsule.start(server, directory, false);
    }

    /** Fails when a process or cgroup of the test is left. */
    @Override
    public void close() {
        server.close();
        leaf.kill();
        leaf.remove(Duration.ofSeconds(5));
        try {
            Files.delete(freezer.root().mountPoint().resolve(base));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
