package io.mig.files.client;

import io.mig.files.fuse.FuseConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the number of inodes bounded that the kernel has of a mount, because we remember each: when
 * there are too many, those it has had longest and that nothing uses are let go. Used by one
 * thread.
 */
final class Crowd {
    private static final Logger LOG = LoggerFactory.getLogger(Crowd.class);
    private static final int BATCH = 500;

    /** Unused names and inodes of all file systems, see Documentation/admin-guide/sysctl/vm.rst. */
    private static final Path DROP = Path.of("/proc/sys/vm/drop_caches");

    private static final String NAMES = "2";

    private final NodeTable nodes;
    private final FuseConnection fuse;
    private boolean canPrune = true;

    Crowd(NodeTable nodes, FuseConnection fuse) {
        this.nodes = nodes;
        this.fuse = fuse;
    }

    /**
     * Lets the elder half go.
     *
     * @param stay inodes that must not go
     */
    void thin(Predicate<Node> stay) {
        List<Long> elder = nodes.elder(stay);
        for (int from = 0; canPrune && from < elder.size(); from += BATCH) {
            canPrune =
                    fuse.prune(
                            new ArrayList<>(
                                    elder.subList(from, Math.min(elder.size(), from + BATCH))));
        }
        if (!canPrune) {
            dropAll();
        }
    }

    private void dropAll() {
        try {
            Files.writeString(DROP, NAMES);
        } catch (IOException e) {
            LOG.warn("the kernel keeps inodes={}: {}", nodes.size(), e.toString());
        }
    }
}
