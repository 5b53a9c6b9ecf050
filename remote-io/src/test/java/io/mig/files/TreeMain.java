package io.mig.files;

import io.mig.files.client.HomeTree;
import io.mig.files.serve.Credentials;
import io.mig.transport.memory.MemoryHub;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** Serves a directory and mounts it, until its input ends: to try things by hand. */
final class TreeMain {
    private TreeMain() {}

    public static void main(String[] args) throws Exception {
        Path root = Path.of(args[0]);
        Path mountPoint = Path.of(args[1]);
        try (MemoryHub hub = new MemoryHub(Set.of(LabTree.HOME, LabTree.AWAY));
                LabTree lab =
                        new LabTree(
                                hub.network(LabTree.facts(LabTree.HOME)),
                                root,
                                (host, uid, gid) ->
                                        Optional.of(new Credentials(uid, gid, new int[0])),
                                true);
                var network = hub.network(LabTree.facts(LabTree.AWAY));
                HomeTree tree =
                        LabTree.mount(network, LabTree.HOME, mountPoint, Duration.ofMinutes(1))) {
            System.out.println("mounted");
            while (System.in.read() >= 0) {
                System.out.println(tree.stats().total() + " inodes=" + tree.stats().inodes());
            }
            System.out.println("done " + lab.home().service().openFiles());
        }
    }
}
