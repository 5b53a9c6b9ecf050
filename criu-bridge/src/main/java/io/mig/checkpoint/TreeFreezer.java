package io.mig.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Stops a whole process tree, with all threads, at once and without anybody noticing: no signal, no
 * job-control message, no EINTR beyond what a freeze always causes.
 *
 * <p>How it catches a tree that forks meanwhile:
 *
 * <pre>
 *   leaf: cgroup.freeze = 1            from now on whatever enters freezes
 *   repeat  walk the tree from its root; move what is not in the leaf yet
 *             (a parent enters before its children; what it forks later is born in the leaf)
 *           wait for "frozen 1"
 *   until   a walk that began with everything frozen found nothing new
 * </pre>
 *
 * <p>Every failure puts all processes back into their old cgroups and thaws them before it is
 * thrown. Refused up front, by name: kernel threads, pid 1, ourselves, processes under a debugger
 * (CRIU could not stop them), members of threaded cgroups. Stopped (job control) processes and
 * zombies are taken as they are. A parent that waits in vfork(2) counts as frozen for the kernel
 * but cannot be dumped: the tree is let go for a moment and tried again.
 *
 * <p>Stateless, thread-safe; blocks for at most the timeout plus the way back.
 */
public final class TreeFreezer {
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
    private static final int ESRCH = 3;
    private static final int EPERM = 1;
    private static final int EBUSY = 16;
    private static final int MAX_PROCESSES = 20_000;

    private final CgroupRoot cgroups;
    private final ProcessTable processes;
    private final int self;

    public TreeFreezer(CgroupRoot cgroups) {
        this(cgroups, new ProcessTable(Path.of("/proc")), (int) ProcessHandle.current().pid());
    }

    TreeFreezer(CgroupRoot cgroups, ProcessTable processes, int self) {
        this.cgroups = Objects.requireNonNull(cgroups);
        this.processes = processes;
        this.self = self;
    }

    /** Freezes within {@link #DEFAULT_TIMEOUT}. */
    public FrozenTree freeze(int rootPid, Leaf leaf) {
        return freeze(rootPid, leaf, DEFAULT_TIMEOUT);
    }

    /**
     * Freezes the tree of {@code rootPid} in {@code leaf}, which must be empty.
     *
     * @throws CheckpointException when it cannot; the tree then runs where it ran before
     */
    public FrozenTree freeze(int rootPid, Leaf leaf, Duration timeout) {
        if (leaf.isPopulated()) {
            throw CheckpointException.failed(
                    Phase.FREEZE, "leaf is in use: cgroup=" + leaf + " pids=" + leaf.pids(), EBUSY);
        }
        FrozenTree tree = new FrozenTree(cgroups, processes, leaf, rootPid);
        try {
            new Collecting(tree, timeout).run();
            return tree;
        } catch (RuntimeException | Error failed) {
            try {
                tree.thawAndReturn();
            } catch (RuntimeException alsoFailed) {
                failed.addSuppressed(alsoFailed);
            }
            throw failed;
        }
    }

    /** The work on one tree. */
    private final class Collecting {
        private final FrozenTree tree;
        private final Leaf leaf;
        private final Duration timeout;
        private final long deadline;
        private final Map<String, Path> usable = new HashMap<>();
        private final Backoff patience;

        Collecting(FrozenTree tree, Duration timeout) {
            this.tree = tree;
            this.leaf = tree.leaf();
            this.timeout = timeout;
            this.deadline = System.nanoTime() + timeout.toNanos();
            this.patience = new Backoff(timeout);
        }

        void run() {
            leaf.startFreeze();
            while (true) {
                boolean grew = walk();
                awaitFrozen();
                if (grew) {
                    continue;
                }
                List<String> unstoppable = Stragglers.uninterruptible(tree.pids());
                if (unstoppable.isEmpty()) {
                    break;
                }
                letGoForAMoment(unstoppable);
            }
            dropTheDead();
            sendStraysHome();
            tree.keepRecord();
        }

        /** True when it found processes that were not held before. */
        private boolean walk() {
            boolean grew = false;
            List<Integer> level = List.of(tree.rootPid());
            while (!level.isEmpty()) {
                List<FrozenMember> fresh = examine(level);
                fresh.forEach(tree::put);
                if (!fresh.isEmpty()) {
                    grew = true;
                    // Before the move: an agent that dies between the two must be able to undo it.
                    tree.keepRecord();
                    fresh.stream()
                            .filter(member -> !member.zombie())
                            .forEach(member -> leaf.add(member.pid()));
                }
                List<Integer> next = new ArrayList<>();
                level.forEach(pid -> next.addAll(processes.children(pid)));
                level = next;
            }
            return grew;
        }

        private List<FrozenMember> examine(List<Integer> pids) {
            List<FrozenMember> fresh = new ArrayList<>();
            for (int pid : pids) {
                if (tree.contains(pid)) {
                    continue;
                }
                Optional<ProcessTable.Stat> stat = processes.stat(pid);
                if (stat.isPresent()) {
                    refuseIfImpossible(stat.get());
                    String old = oldCgroup(stat.get());
                    fresh.add(
                            new FrozenMember(
                                    pid, stat.get().startTicks(), old, stat.get().isZombie()));
                } else if (pid == tree.rootPid()) {
                    throw CheckpointException.failed(
                            Phase.FREEZE, "no such process: pid=" + pid, ESRCH);
                }
            }
            if (tree.members().size() + fresh.size() > MAX_PROCESSES) {
                throw CheckpointException.failed(
                        Phase.FREEZE,
                        "tree is too large: root=" + tree.rootPid() + " limit=" + MAX_PROCESSES,
                        0);
            }
            return fresh;
        }

        private void refuseIfImpossible(ProcessTable.Stat stat) {
            String who = "pid=" + stat.pid() + " comm=" + stat.comm() + " root=" + tree.rootPid();
            if (stat.isKernelThread()) {
                throw CheckpointException.failed(
                        Phase.FREEZE, "kernel threads cannot be moved: " + who, EPERM);
            }
            if (stat.pid() == 1 || stat.pid() == self) {
                throw CheckpointException.failed(
                        Phase.FREEZE, "init and the agent itself cannot be frozen: " + who, EPERM);
            }
            if (stat.pid() == tree.rootPid() && stat.isZombie()) {
                throw CheckpointException.failed(
                        Phase.FREEZE, "process has already ended (zombie): " + who, ESRCH);
            }
            int tracer = processes.tracer(stat.pid());
            if (tracer != 0) {
                throw CheckpointException.failed(
                        Phase.FREEZE,
                        "process is being traced: "
                                + who
                                + " tracer="
                                + tracer
                                + "; detach the debugger",
                        EBUSY);
            }
        }

        private String oldCgroup(ProcessTable.Stat stat) {
            String path = cgroups.pathOf(stat.pid()).orElse("/");
            Path directory = usable.computeIfAbsent(path, this::usableCgroup);
            // Born in the leaf after its parent was moved: it belongs where the parent came from.
            return directory.equals(leaf.directory()) ? tree.cgroupForChildOf(stat.parent()) : path;
        }

        private Path usableCgroup(String path) {
            Path directory =
                    cgroups.directory(path)
                            .orElseThrow(
                                    () ->
                                            CheckpointException.failed(
                                                    Phase.FREEZE,
                                                    "process lives in a cgroup outside our cgroup namespace and could not be put back: cgroup="
                                                            + path,
                                                    EPERM));
            // Taking it out of somebody else's freeze could let it run where it must not.
            if (!directory.equals(leaf.directory()) && new Leaf(directory).isFrozen()) {
                throw CheckpointException.failed(
                        Phase.FREEZE,
                        "process is held frozen by somebody else, perhaps another move: cgroup="
                                + path
                                + "; wait, or thaw it first",
                        EBUSY);
            }
            try {
                Path type = directory.resolve("cgroup.type");
                if (Files.exists(type) && Files.readString(type).strip().equals("threaded")) {
                    throw CheckpointException.failed(
                            Phase.FREEZE,
                            "process lives in a threaded cgroup, its threads cannot be kept apart: cgroup="
                                    + path,
                            EBUSY);
                }
            } catch (IOException gone) {
                return directory;
            }
            return directory;
        }

        private void awaitFrozen() {
            Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
            if (!leaf.awaitFrozen(left)) {
                throw CheckpointException.failed(
                        Phase.FREEZE,
                        "tree does not freeze: root="
                                + tree.rootPid()
                                + " timeout="
                                + timeout
                                + "; "
                                + Stragglers.describe(leaf.pids()),
                        EBUSY);
            }
        }

        private void letGoForAMoment(List<String> unstoppable) {
            leaf.thaw();
            boolean more = patience.pause();
            leaf.startFreeze();
            if (!more) {
                throw CheckpointException.failed(
                        Phase.FREEZE,
                        "processes wait in the kernel where CRIU cannot stop them (a parent in vfork, or a hung device): root="
                                + tree.rootPid()
                                + " timeout="
                                + timeout
                                + " "
                                + unstoppable,
                        EBUSY);
            }
        }

        private void dropTheDead() {
            for (FrozenMember member : tree.members()) {
                Optional<ProcessTable.Stat> stat = processes.stat(member.pid());
                boolean gone = stat.isEmpty() || stat.get().startTicks() != member.startTicks();
                if (member.pid() == tree.rootPid() && (gone || stat.get().isZombie())) {
                    throw CheckpointException.failed(
                            Phase.FREEZE,
                            "process ended while it was being frozen: pid=" + member.pid(),
                            ESRCH);
                }
                if (gone) {
                    tree.remove(member.pid());
                } else if (stat.get().isZombie() && !member.zombie()) {
                    tree.put(
                            new FrozenMember(
                                    member.pid(), member.startTicks(), member.oldCgroup(), true));
                }
            }
        }

        /**
         * Born in the leaf, but no longer of the tree because their parent died: not ours to hold.
         */
        private void sendStraysHome() {
            for (int pid : leaf.pids()) {
                if (!tree.contains(pid)) {
                    tree.putBack(pid);
                }
            }
        }
    }
}
