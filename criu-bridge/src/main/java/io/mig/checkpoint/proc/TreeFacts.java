package io.mig.checkpoint.proc;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A process and all its descendants, parents before children.
 *
 * @param stable the set of processes was the same before and after reading; a running tree that
 *     forks all the time may never be stable
 */
public record TreeFacts(int rootPid, List<ProcessFacts> processes, boolean stable) {
    public TreeFacts {
        processes = List.copyOf(processes);
        if (processes.isEmpty() || processes.getFirst().pid() != rootPid) {
            throw new IllegalArgumentException("a tree begins with its root, rootPid=" + rootPid);
        }
    }

    public ProcessFacts root() {
        return processes.getFirst();
    }

    public Set<Integer> pids() {
        return processes.stream().map(ProcessFacts::pid).collect(Collectors.toUnmodifiableSet());
    }

    public Optional<ProcessFacts> process(int pid) {
        return processes.stream().filter(p -> p.pid() == pid).findFirst();
    }

    public long rssBytes() {
        return processes.stream().mapToLong(p -> p.status().rssBytes()).sum();
    }
}
