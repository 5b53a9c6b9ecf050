package io.mig.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process tree that is held in a leaf, and the way back for each of its processes. The record of
 * where each came from is also kept with the cgroup, so {@link #reopen} can undo the freeze of an
 * agent that died.
 *
 * <p>One owner at a time; not thread-safe.
 */
public final class FrozenTree {
    private static final Logger log = LoggerFactory.getLogger(FrozenTree.class);
    private static final Duration RETURN_LIMIT = Duration.ofSeconds(5);

    private final CgroupRoot cgroups;
    private final ProcessTable processes;
    private final Leaf leaf;
    private final int root;
    private final Map<Integer, FrozenMember> members = new LinkedHashMap<>();

    FrozenTree(CgroupRoot cgroups, ProcessTable processes, Leaf leaf, int root) {
        this.cgroups = cgroups;
        this.processes = processes;
        this.leaf = leaf;
        this.root = root;
    }

    /**
     * The tree that some former agent held in {@code leaf}; processes without a record go to the
     * root cgroup.
     */
    public static FrozenTree reopen(CgroupRoot cgroups, Leaf leaf) {
        List<FrozenMember> remembered =
                leaf.note()
                        .orElse("")
                        .lines()
                        .map(FrozenMember::ofLine)
                        .flatMap(Optional::stream)
                        .toList();
        int root = remembered.isEmpty() ? 0 : remembered.getFirst().pid();
        FrozenTree tree = new FrozenTree(cgroups, new ProcessTable(Path.of("/proc")), leaf, root);
        remembered.forEach(member -> tree.members.put(member.pid(), member));
        return tree;
    }

    public int rootPid() {
        return root;
    }

    public Leaf leaf() {
        return leaf;
    }

    /** All processes of the tree, parents before their children, zombies included. */
    public List<FrozenMember> members() {
        return List.copyOf(members.values());
    }

    /** The living processes of the tree, parents before their children. */
    public List<Integer> pids() {
        return members.values().stream()
                .filter(member -> !member.zombie())
                .map(FrozenMember::pid)
                .toList();
    }

    public boolean isFrozen() {
        return leaf.isFrozen();
    }

    boolean contains(int pid) {
        return members.containsKey(pid);
    }

    void put(FrozenMember member) {
        members.put(member.pid(), member);
    }

    void remove(int pid) {
        members.remove(pid);
    }

    /**
     * Where a process that was born in the leaf belongs: where its parent, or else the root, came
     * from.
     */
    String cgroupForChildOf(int parent) {
        FrozenMember source = members.getOrDefault(parent, members.get(root));
        return source == null ? "/" : source.oldCgroup();
    }

    void keepRecord() {
        StringBuilder text = new StringBuilder();
        members.values().forEach(member -> text.append(member.toLine()).append('\n'));
        if (!leaf.keepNote(text.toString())) {
            log.debug("this kernel keeps no notes with cgroups, leaf={}", leaf);
        }
    }

    /**
     * Lets the tree run and puts every process that is in the leaf back where it came from. Works
     * in every state: frozen, half frozen, thawed by a killed CRIU, with members ended or born
     * since. A cgroup that vanished meanwhile is replaced by its nearest living ancestor.
     * Idempotent; the leaf itself stays and is empty afterwards.
     *
     * @return the pids that could not go back exactly where they came from
     */
    public List<Integer> thawAndReturn() {
        // Thaw first: a move between cgroups may wait 10 ms and more for an RCU grace period, which
        // nobody has to spend frozen. What is born in the leaf meanwhile is found by the next
        // round.
        leaf.thaw();
        List<Integer> elsewhere = new ArrayList<>();
        Backoff backoff = new Backoff(RETURN_LIMIT);
        List<Integer> inside = leaf.pids();
        while (!inside.isEmpty()) {
            for (int pid : inside) {
                if (!putBack(pid) && !elsewhere.contains(pid)) {
                    elsewhere.add(pid);
                }
            }
            inside = leaf.pids();
            if (!inside.isEmpty() && !backoff.pause()) {
                log.error("processes stay in their freezing cgroup, leaf={} pids={}", leaf, inside);
                break;
            }
        }
        if (!elsewhere.isEmpty()) {
            log.warn(
                    "old cgroups are gone, processes went to an ancestor, leaf={} pids={}",
                    leaf,
                    elsewhere);
        }
        return elsewhere;
    }

    /** Moves a single process out of the leaf. False when it had to go elsewhere. */
    boolean putBack(int pid) {
        FrozenMember member = members.get(pid);
        Optional<ProcessTable.Stat> stat = processes.stat(pid);
        boolean known =
                member != null
                        && stat.map(found -> found.startTicks() == member.startTicks())
                                .orElse(true);
        String path =
                known && member != null
                        ? member.oldCgroup()
                        : cgroupForChildOf(stat.map(ProcessTable.Stat::parent).orElse(root));
        Path wanted = cgroups.directory(path).orElse(cgroups.mountPoint());
        for (Path target = wanted;
                target != null && target.startsWith(cgroups.mountPoint());
                target = target.getParent()) {
            if (!Files.isDirectory(target) || target.startsWith(leaf.directory())) {
                continue;
            }
            try {
                Leaf.moveTo(target, pid);
                return target.equals(wanted);
            } catch (CheckpointException refused) {
                log.debug(
                        "cgroup does not take the process, trying its parent, cgroup={} pid={}",
                        target,
                        pid,
                        refused);
            }
        }
        return false;
    }
}
