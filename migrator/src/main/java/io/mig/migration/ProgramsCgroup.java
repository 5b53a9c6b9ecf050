package io.mig.migration;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cgroup of version 1 that limits the processors of a node's programs but not of its agent: on
 * such a node guests join it while they run. While a process is being moved it is not limited: it
 * is frozen then, and what CRIU does inside of it must not wait for the processors of others.
 * Stateless, any thread.
 *
 * @param limited the cgroup; empty: nothing is limited, and nothing is done here
 */
public record ProgramsCgroup(Optional<Path> limited) {
    private static final Logger LOG = LoggerFactory.getLogger(ProgramsCgroup.class);
    private static final String PROCS = "cgroup.procs";

    /** These are programs that run. */
    public void limit(Collection<Integer> pids) {
        limited.ifPresent(group -> move(pids, group.resolve(PROCS)));
    }

    /** These are about to be frozen for a move. */
    public void free(Collection<Integer> pids) {
        limited.ifPresent(group -> move(pids, group.resolveSibling(PROCS)));
    }

    private static void move(Collection<Integer> pids, Path procs) {
        for (int pid : pids) {
            try {
                Files.writeString(procs, Integer.toString(pid), StandardOpenOption.WRITE);
            } catch (IOException e) {
                if (Files.exists(Path.of("/proc", Integer.toString(pid)))) {
                    LOG.warn("cannot move pid={} to {}: {}", pid, procs, e.getMessage());
                }
            }
        }
    }
}
