package io.mig.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.mig.files.client.ContentCache;
import io.mig.files.client.HomeTree;
import io.mig.files.serve.Credentials;
import io.mig.files.serve.Vouched;
import io.mig.model.NodeId;
import io.mig.transport.PeerNetwork;
import io.mig.transport.memory.MemoryHub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A home and two hosts on the memory network, in directories of their own. */
final class Lab implements AutoCloseable {
    static final NodeId OTHER = new NodeId("other");
    private static final Duration SETTLE = Duration.ofSeconds(20);
    static final Vouched ANYBODY =
            (host, uid, gid) -> Optional.of(new Credentials(uid, gid, new int[0]));

    private final Path directory;
    private final MemoryHub hub = new MemoryHub(Set.of(LabTree.HOME, LabTree.AWAY, OTHER));
    private final LabTree home;
    private final List<PeerNetwork> networks = new ArrayList<>();
    private final List<HomeTree> trees = new ArrayList<>();
    private final List<Path> mountPoints = new ArrayList<>();

    private Lab(Path directory, Vouched vouched, boolean watch) throws IOException {
        this.directory = directory;
        Files.createDirectories(directory.resolve("root"));
        home =
                new LabTree(
                        hub.network(LabTree.facts(LabTree.HOME)),
                        directory.resolve("root"),
                        vouched,
                        watch);
    }

    /** Skips the test, saying so, where the kernel or our rights do not allow it. */
    static Lab in(Path directory, Vouched vouched, boolean watch) throws IOException {
        boolean root = "root".equals(System.getProperty("user.name"));
        boolean fuse = Files.exists(Path.of("/dev/fuse"));
        if (!root || !fuse) {
            System.err.println(
                    "SKIPPED: files need root and /dev/fuse, root=" + root + " fuse=" + fuse);
        }
        assumeTrue(root && fuse, "needs root and /dev/fuse");
        return new Lab(directory, vouched, watch);
    }

    static Lab in(Path directory) throws IOException {
        return in(directory, ANYBODY, true);
    }

    Path root() {
        return directory.resolve("root");
    }

    LabTree home() {
        return home;
    }

    MemoryHub hub() {
        return hub;
    }

    HomeTree tree(int number) {
        return trees.get(number);
    }

    /** Mounts home at a node; programs there. */
    Guest mount(NodeId at, Duration giveUp) throws IOException {
        return mount(at, giveUp, null);
    }

    /** With programs and libraries that were there before. */
    Guest mount(NodeId at, ContentCache cache) throws IOException {
        return mount(at, Duration.ofSeconds(30), cache);
    }

    private Guest mount(NodeId at, Duration giveUp, @Nullable ContentCache cache)
            throws IOException {
        Path mountPoint = Files.createDirectories(directory.resolve("at-" + at));
        PeerNetwork network = hub.network(LabTree.facts(at));
        networks.add(network);
        mountPoints.add(mountPoint);
        HomeTree tree = LabTree.mount(network, LabTree.HOME, mountPoint, giveUp, cache);
        trees.add(tree);
        return new Guest(mountPoint, () -> assertThat(tree.settle(SETTLE)).isTrue());
    }

    Guest mount(NodeId at) throws IOException {
        return mount(at, Duration.ofSeconds(30));
    }

    /** Programs of home itself. */
    Guest atHome() {
        return new Guest(root(), () -> {});
    }

    /** Takes everything down and looks what is left. */
    @Override
    public void close() throws IOException {
        trees.forEach(HomeTree::close);
        networks.forEach(PeerNetwork::close);
        home.close();
        hub.close();
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mountinfo"))) {
            assertThat(mounts.filter(line -> line.contains(directory.toString())))
                    .as("mounts that are left")
                    .isEmpty();
        }
    }
}
