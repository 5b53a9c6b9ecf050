package io.mig.checkpoint.proc;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything about one process that matters for moving it.
 *
 * @param cmdline arguments; empty for kernel threads and zombies
 * @param namespaces inode number of each namespace it is in; kinds that could not be read are
 *     missing
 * @param bits 32 or 64 by the executable's ELF header, 0 when unknown
 * @param cgroup path in the cgroup v2 hierarchy
 */
public record ProcessFacts(
        ProcStat stat,
        ProcStatus status,
        List<String> cmdline,
        FileRef exe,
        FileRef cwd,
        FileRef root,
        List<ThreadFacts> threads,
        Map<NamespaceKind, Long> namespaces,
        List<FdFacts> fds,
        List<MappingFacts> mappings,
        int bits,
        String cgroup) {

    public ProcessFacts {
        cmdline = List.copyOf(cmdline);
        threads = List.copyOf(threads);
        namespaces = Map.copyOf(namespaces);
        fds = List.copyOf(fds);
        mappings = List.copyOf(mappings);
    }

    public int pid() {
        return stat.pid();
    }

    public int ppid() {
        return stat.ppid();
    }

    public String comm() {
        return stat.comm();
    }

    public long startTicks() {
        return stat.startTicks();
    }

    public boolean sessionLeader() {
        return stat.sid() == stat.pid();
    }

    /** Pid as the process itself sees it: in its own, innermost pid namespace. */
    public int innerPid() {
        return status.nsPid().isEmpty() ? pid() : status.nsPid().getLast();
    }

    /** The same process with other details of its descriptors. */
    public ProcessFacts withFds(List<FdFacts> detailed) {
        return new ProcessFacts(
                stat,
                status,
                cmdline,
                exe,
                cwd,
                root,
                threads,
                namespaces,
                detailed,
                mappings,
                bits,
                cgroup);
    }

    public Optional<FdFacts> fd(int number) {
        return fds.stream().filter(f -> f.number() == number).findFirst();
    }
}
