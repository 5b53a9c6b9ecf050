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
                    String comm = table.stat(pid).map(ProcessTable.Stat::comm).orElse("?");
                    found.add(
                            "pid="
                                    + pid
                                    + " tid="
                                    + tid
                                    + " comm="
                                    + comm
                                    + " state=D waits-in="
                                    + table.waitsIn(pid, tid));
                    if (found.size() == MAX_NAMED) {
                        return found;
                    }
                }
            }
        }
        return found;
    }

    static String describe(Iterable<Integer> pids) {
        List<String> found = uninterruptible(pids);
        return found.isEmpty()
                ? "no thread is in uninterruptible sleep; the machine may just be slow"
                : "waiting in the kernel: " + found;
    }
}
