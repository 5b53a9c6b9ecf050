package io.mig.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Names the threads that keep a cgroup from freezing, or that CRIU could not stop although it is
 * frozen.
 */
final class Stragglers {
    private static final int MAX_NAMED = 5;

    private Stragglers() {}

    /**
     * Threads in uninterruptible sleep. In a frozen cgroup that can only be a parent waiting in
     * vfork(2) for its child (the kernel counts it as frozen, but ptrace cannot stop it).
     */
    static List<String> uninterruptible(Iterable<Integer> pids) {
        ProcessTable table = new ProcessTable(Path.of("/proc"));
        List<String> found = new ArrayList<>();
        for (int pid : pids) {
            for (int tid : table.threads(pid)) {
                if (table.threadState(pid, tid) == 'D') {
                    found.add(describe(table, pid, tid));
                    if (found.size() == MAX_NAMED) {
                        return found;
                    }
                }
            }
        }
        return found;
    }

    private static String describe(ProcessTable table, int pid, int tid) {
        String comm = table.stat(pid).map(ProcessTable.Stat::comm).orElse("?");
        String where = table.waitsIn(pid, tid);
        // fork(2) itself never sleeps long; inside it only vfork's wait for the child does.
        String why =
                where.equals("kernel_clone") || where.contains("vfork")
                        ? " (vfork: until its child executes or ends)"
                        : "";
        return "pid=" + pid + " tid=" + tid + " comm=" + comm + " state=D waits-in=" + where + why;
    }

    static String describe(Iterable<Integer> pids) {
        List<String> found = uninterruptible(pids);
        return found.isEmpty()
                ? "no thread is in uninterruptible sleep; the machine may just be slow"
                : "waiting in the kernel: " + found;
    }
}
