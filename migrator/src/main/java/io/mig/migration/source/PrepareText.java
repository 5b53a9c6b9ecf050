package io.mig.migration.source;

import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.ThreadFacts;
import io.mig.checkpoint.proc.TreeFacts;
import io.mig.migration.InnerIds;
import io.mig.migration.preflight.ExternalStream;
import io.mig.migration.preflight.StreamKind;
import io.mig.migration.preflight.StreamPlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Builds the text of the capsule's PREPARE command: the ids and streams that the tree must find.
 */
final class PrepareText {
    private static final int UNIX98_PTY_MAJOR = 136;
    private static final int ROOM = 256;
    private static final int BIRTHS = 6000;
    private static final int FIRST_GAP = 700;
    private static final int LAST_GAP = 32_000;
    private static final int STEP = 500;

    private PrepareText() {}

    /** Pids and tids of the tree as the tree itself sees them. */
    static List<Integer> tasks(TreeFacts tree) {
        Set<Integer> tasks = new TreeSet<>();
        for (ProcessFacts p : tree.processes()) {
            tasks.add(p.innerPid());
            for (ThreadFacts t : p.threads()) {
                tasks.add(InnerIds.ofThread(p.pid(), t.tid()));
            }
        }
        tasks.remove(-1);
        return new ArrayList<>(tasks);
    }

    static int pgid(TreeFacts tree) {
        return last(tree.root().status().nsPgid(), tree.root().stat().pgid());
    }

    static int sid(TreeFacts tree) {
        return last(tree.root().status().nsSid(), tree.root().stat().sid());
    }

    static String of(TreeFacts tree, int parentPid, StreamPlan plan) {
        List<Integer> tasks = tasks(tree);
        Set<Integer> used = new TreeSet<>(tasks);
        used.add(pgid(tree));
        used.add(sid(tree));
        used.add(parentPid);
        StringBuilder text = new StringBuilder();
        text.append(
                "root=%d sid=%d pgid=%d ppid=%d\n"
                        .formatted(tree.root().innerPid(), sid(tree), pgid(tree), parentPid));
        text.append("tasks=")
                .append(tasks.stream().map(String::valueOf).collect(Collectors.joining(",")))
                .append('\n');
        text.append("last_pid=").append(gap(used, youngest(tree))).append('\n');
        for (ExternalStream s : plan.streams()) {
            if (s.kind() == StreamKind.TTY) {
                text.append(
                        "tty=%d stream=%d link=%d%s\n"
                                .formatted(
                                        ttyIndex(s.criuKey()), s.id(), s.link(), foreground(tree)));
            } else {
                text.append(
                        "stream=%d link=%d kind=%s flags=%d%s\n"
                                .formatted(
                                        s.id(),
                                        s.link(),
                                        s.kind().text(),
                                        s.flags(),
                                        s.demand() ? " demand" : ""));
            }
        }
        return text.toString();
    }

    /**
     * Whose turn it is at the terminal. CRIU puts only groups that it founds itself in front, and a
     * body that reads before its deputy can tell would be stopped by SIGTTIN.
     */
    private static String foreground(TreeFacts tree) {
        int front = tree.root().stat().tpgid();
        return front <= 0 ? "" : front == tree.root().stat().pgid() ? " fg=1" : " fg=0";
    }

    /**
     * A pid after which the next pids are free for the capsule's own helpers, and stay free while
     * the tree goes on forking until it is frozen: new children get the pids after the youngest
     * one.
     */
    static int gap(Set<Integer> used, int youngest) {
        for (int candidate = FIRST_GAP; candidate < LAST_GAP; candidate += STEP) {
            int start = candidate;
            boolean taken = used.stream().anyMatch(id -> id > start - ROOM && id < start + ROOM);
            boolean soon = youngest > start - BIRTHS && youngest < start + ROOM;
            if (!taken && !soon) {
                return start;
            }
        }
        return FIRST_GAP;
    }

    private static int youngest(TreeFacts tree) {
        return tree.processes().stream()
                .max(Comparator.comparingLong(ProcessFacts::startTicks))
                .map(ProcessFacts::innerPid)
                .orElse(1);
    }

    /**
     * The N of /dev/pts/N, from CRIU's key {@code tty[RDEV:DEV]} with a device number of stat(2).
     */
    static int ttyIndex(String key) {
        long rdev = Long.parseLong(key.substring(4, key.indexOf(':')), 16);
        int major = (int) ((rdev >> 8) & 0xfff);
        int minor = (int) ((rdev & 0xff) | ((rdev >> 12) & 0xfff00));
        return (major - UNIX98_PTY_MAJOR) * 256 + minor;
    }

    private static int last(List<Integer> ids, int otherwise) {
        return ids.isEmpty() ? otherwise : ids.getLast();
    }
}
