package io.mig.migration.source;

import io.mig.checkpoint.Leaf;
import io.mig.checkpoint.proc.FdFacts;
import io.mig.checkpoint.proc.FdInfo;
import io.mig.checkpoint.proc.FdKind;
import io.mig.checkpoint.proc.LockFacts;
import io.mig.checkpoint.proc.MappingFacts;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.files.client.HeldLock;
import io.mig.migration.preflight.SourceFacts;
import io.mig.migration.target.HomeTrees;
import io.mig.model.NodeId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * What guests have at their home: locks on its files, and what they wrote to them. Locks are home's
 * locks, so neither /proc nor CRIU show them here, and a body that moved on with one would believe
 * to have what nobody keeps for it.
 */
final class HomeLocks {
    private static final long LOOK_NANOS = 500_000;
    private static final Duration SETTLE = Duration.ofSeconds(10);

    private final HomeTrees trees;
    private final NodeId home;

    HomeLocks(HomeTrees trees, NodeId home) {
        this.trees = trees;
        this.home = home;
    }

    /** The facts with these locks among those of the open files. */
    SourceFacts addTo(SourceFacts facts) {
        List<HeldLock> held = trees.locks(home);
        if (held.isEmpty() || facts.tree().isEmpty()) {
            return facts;
        }
        Set<Integer> pids = pids(facts);
        List<OpenFile> files = new ArrayList<>();
        for (OpenFile file : facts.openFiles()) {
            files.add(with(file, held, pids));
        }
        return facts.withOpenFiles(files);
    }

    private static OpenFile with(OpenFile file, List<HeldLock> held, Set<Integer> pids) {
        FdFacts fd = file.fd();
        if (fd.kind() != FdKind.REGULAR && fd.kind() != FdKind.DIRECTORY) {
            return file;
        }
        List<LockFacts> locks = new ArrayList<>(fd.info().locks());
        for (HeldLock lock : held) {
            if (lock.ino() == fd.stat().ino() && mayBeTheirs(lock, pids)) {
                locks.add(
                        new LockFacts(
                                lock.whole() ? "FLOCK" : "POSIX",
                                false,
                                lock.write() ? "WRITE" : "READ",
                                lock.pid(),
                                fd.stat().id(),
                                ""));
            }
        }
        FdInfo info = fd.info();
        return new OpenFile(
                new FdFacts(
                        fd.number(),
                        fd.target(),
                        fd.kind(),
                        fd.stat(),
                        new FdInfo(
                                info.pos(),
                                info.flags(),
                                info.mountId(),
                                info.ino(),
                                locks,
                                info.details()),
                        fd.deleted(),
                        fd.socket()),
                file.members(),
                file.sharedWith(),
                file.otherHolders());
    }

    /** A lock by flock(2) outlives who took it, in a child that has inherited the descriptor. */
    private static boolean mayBeTheirs(HeldLock lock, Set<Integer> pids) {
        return pids.contains(lock.pid())
                || (lock.whole() && !Files.exists(Path.of("/proc", Integer.toString(lock.pid()))));
    }

    private static Set<Integer> pids(SourceFacts facts) {
        return facts.tree().orElseThrow().processes().stream()
                .map(ProcessFacts::pid)
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Waits until a tree has no lock, and keeps it so.
     *
     * @return to be run once, when it is frozen or goes on
     */
    Runnable hold(SourceFacts facts, long untilNanos) {
        Set<Integer> pids = facts.tree().isEmpty() ? Set.of() : pids(facts);
        Runnable open = trees.holdLocks(home, pids);
        try {
            awaitNone(pids, untilNanos);
            return open;
        } catch (RuntimeException e) {
            open.run();
            throw e;
        }
    }

    /**
     * Waits until home has all that a frozen tree wrote.
     *
     * @param in cgroup of whoever acts for it
     */
    void settle(SourceFacts facts, Leaf in) {
        List<Path> mapped = new ArrayList<>();
        facts.tree().ifPresent(tree -> tree.processes().forEach(p -> addMapped(p, mapped)));
        trees.settle(home, in, mapped, SETTLE);
    }

    private static void addMapped(ProcessFacts process, List<Path> to) {
        for (MappingFacts mapping : process.mappings()) {
            if (mapping.shared() && mapping.writable() && isFile(mapping.path())) {
                String range =
                        Long.toHexString(mapping.start()) + "-" + Long.toHexString(mapping.end());
                to.add(Path.of("/proc", Integer.toString(process.pid()), "map_files", range));
            }
        }
    }

    /** Memory without a file and devices have nothing to write back. */
    private static boolean isFile(String path) {
        return path.startsWith("/")
                && !path.startsWith("/dev/")
                && !path.startsWith("/memfd:")
                && !path.startsWith("/SYSV");
    }

    private void awaitNone(Set<Integer> pids, long untilNanos) {
        while (trees.locks(home).stream().anyMatch(lock -> pids.contains(lock.pid()))
                && System.nanoTime() - untilNanos < 0) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }
}
