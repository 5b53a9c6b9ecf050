package io.mig.files;

import io.mig.files.client.HomeTree;
import io.mig.files.serve.Credentials;
import io.mig.transport.netty.TlsPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Serves a directory and mounts it over TLS on loopback, both ends in this JVM, until its input
 * ends: to try and to measure by hand. Each line of input prints what went through.
 */
final class TreeMain {
    private TreeMain() {}

    public static void main(String[] args) throws Exception {
        Path root = Path.of(args[0]);
        Path mountPoint = Path.of(args[1]);
        Path certificates = Files.createTempDirectory("tree-main");
        TlsPair pair =
                TlsPair.in(certificates, LabTree.facts(LabTree.HOME), LabTree.facts(LabTree.AWAY));
        try (LabTree lab =
                        new LabTree(
                                pair.first(),
                                root,
                                (host, uid, gid) ->
                                        Optional.of(new Credentials(uid, gid, new int[0])),
                                true);
                var network = pair.second();
                HomeTree tree =
                        LabTree.mount(network, LabTree.HOME, mountPoint, Duration.ofMinutes(1))) {
            System.out.println("mounted");
            while (System.in.read() >= 0) {
                System.out.println(tree.stats().total() + " " + tree.stats().kinds());
            }
            System.out.println("done, open=" + lab.home().service().openFiles());
        } finally {
            delete(certificates);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
