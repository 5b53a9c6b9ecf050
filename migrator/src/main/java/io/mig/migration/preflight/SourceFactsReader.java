package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FdFacts;
import io.mig.checkpoint.proc.FdKind;
import io.mig.checkpoint.proc.FdSharing;
import io.mig.checkpoint.proc.FileId;
import io.mig.checkpoint.proc.FileStat;
import io.mig.checkpoint.proc.Holder;
import io.mig.checkpoint.proc.KernelObjects;
import io.mig.checkpoint.proc.MappingFacts;
import io.mig.checkpoint.proc.NamespaceKind;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.ProcFs;
import io.mig.checkpoint.proc.ProcSample;
import io.mig.checkpoint.proc.ProcStat;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.SharedMemory;
import io.mig.checkpoint.proc.SocketFacts;
import io.mig.checkpoint.proc.SocketFamily;
import io.mig.checkpoint.proc.TreeFacts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Reads what {@link Preflight} judges. Nothing is stopped or changed. Takes some milliseconds, a
 * few dozen on a node with thousands of processes. Stateless between calls; usable by any thread.
 */
public final class SourceFactsReader {
    private final ProcFs proc;
    private final KernelObjects objects;
    private final Supplier<Map<Integer, String>> away;
    private final String criuVersion;
    private final String arch;

    /**
     * @param away pids of deputies on this node, with the name of the node where each body is
     * @param criuVersion of this node, e.g. {@code 4.2.1}
     */
    public SourceFactsReader(
            ProcFs proc,
            KernelObjects objects,
            Supplier<Map<Integer, String>> away,
            String criuVersion,
            String arch) {
        this.proc = proc;
        this.objects = objects;
        this.away = away;
        this.criuVersion = criuVersion;
        this.arch = arch;
    }

    /**
     * Facts about the agent that runs this code.
     *
     * @param programFolders folders with mig's own programs
     * @param helpers pids of its own that must not count as holders of anything
     */
    public AgentFacts agent(String node, List<String> programFolders, Set<Integer> helpers) {
        int self = (int) ProcessHandle.current().pid();
        ProcessFacts facts =
                proc.process(self)
                        .orElseThrow(
                                () ->
                                        new IllegalStateException(
                                                "cannot read the agent's own /proc entry, pid="
                                                        + self));
        return new AgentFacts(
                node,
                self,
                proc.ancestors(self),
                facts.namespaces(),
                facts.root().stat().map(FileStat::id).orElse(new FileId(0, 0)),
                facts.status().seccompFilters(),
                programFolders,
                helpers);
    }

    /**
     * What is normal in a capsule.
     *
     * @param initPid host pid of the capsule's init
     * @param standIns host pids of its other stand-ins
     * @param rootPid host pid of the guest's root
     */
    public CapsuleContext capsule(
            int initPid,
            Set<Integer> standIns,
            int rootPid,
            List<CapsuleContext.KnownStream> streams) {
        Map<NamespaceKind, Long> namespaces = proc.namespaces(initPid);
        Set<Integer> ours = new HashSet<>(standIns);
        ours.add(initPid);
        Set<Integer> tree = proc.members(rootPid).keySet();
        Long pidNamespace = namespaces.get(NamespaceKind.PID);
        List<ProcSample> others = new ArrayList<>();
        for (int pid : proc.members(initPid).keySet()) {
            boolean known = ours.contains(pid) || tree.contains(pid);
            if (!known
                    && pidNamespace != null
                    && pidNamespace.equals(proc.namespaces(pid).get(NamespaceKind.PID))) {
                proc.sample(pid).ifPresent(others::add);
            }
        }
        FileId root =
                proc.process(initPid)
                        .flatMap(p -> p.root().stat())
                        .map(FileStat::id)
                        .orElse(new FileId(0, 0));
        return new CapsuleContext(initPid, ours, namespaces, root, streams, others);
    }

    /** Facts about a process and its descendants. */
    public SourceFacts read(int pid, AgentFacts agent, Optional<CapsuleContext> capsule) {
        Optional<TreeFacts> read = proc.tree(pid);
        if (read.isEmpty()) {
            return facts(
                    pid, Optional.empty(), agent, capsule, List.of(), Map.of(), Map.of(), Map.of());
        }
        Map<Long, Long> peers = peers(read.get());
        TreeFacts tree = withPeers(read.get(), peers);
        List<OpenFile> openFiles = new FdSharing(proc, objects).of(tree, agent.helpers());
        Map<FileId, FileStat> mapped = new HashMap<>();
        for (ProcessFacts p : tree.processes()) {
            for (MappingFacts m : p.mappings()) {
                if (m.backed() && !mapped.containsKey(m.file())) {
                    proc.mappedFile(p.pid(), m).ifPresent(s -> mapped.put(m.file(), s));
                }
            }
        }
        Map<String, FileStat> paths = new HashMap<>();
        for (String path : FileNeeds.paths(tree, openFiles)) {
            proc.statAsSeenBy(pid, path).ifPresent(s -> paths.put(path, s));
        }
        return facts(pid, Optional.of(tree), agent, capsule, openFiles, peers, mapped, paths);
    }

    private SourceFacts facts(
            int pid,
            Optional<TreeFacts> tree,
            AgentFacts agent,
            Optional<CapsuleContext> capsule,
            List<OpenFile> openFiles,
            Map<Long, Long> peers,
            Map<FileId, FileStat> mapped,
            Map<String, FileStat> paths) {
        Map<Integer, Integer> memorySharers = new HashMap<>();
        Map<Integer, Integer> tableSharers = new HashMap<>();
        Map<FileId, Set<Integer>> sharedMappings = Map.of();
        if (tree.isPresent()) {
            sharers(tree.get(), memorySharers, tableSharers);
            sharedMappings =
                    new SharedMemory(proc)
                            .mappedOutside(tree.get(), SharedMemory.sharedBy(tree.get()));
        }
        Map<Integer, String> names = new HashMap<>();
        tree.ifPresent(t -> t.processes().forEach(p -> name(names, p.status().tracerPid())));
        memorySharers.values().forEach(p -> name(names, p));
        tableSharers.values().forEach(p -> name(names, p));
        sharedMappings.values().forEach(pids -> pids.forEach(p -> name(names, p)));
        capsule.ifPresent(c -> c.others().forEach(o -> name(names, o.pid())));
        return new SourceFacts(
                pid,
                tree,
                agent,
                capsule,
                openFiles,
                tree.map(t -> peerHolders(t, openFiles, peers)).orElse(Map.of()),
                sharedMappings,
                mapped,
                paths,
                memorySharers,
                tableSharers,
                capsule.isPresent() ? List.of() : proc.messageQueues(),
                away.get(),
                names,
                proc.machine(),
                criuVersion,
                arch);
    }

    private void name(Map<Integer, String> names, int pid) {
        if (pid > 0) {
            proc.stat(pid).map(ProcStat::comm).ifPresent(comm -> names.put(pid, comm));
        }
    }

    private void sharers(
            TreeFacts tree, Map<Integer, Integer> memory, Map<Integer, Integer> tables) {
        for (ProcessFacts p : tree.processes()) {
            if (p.stat().zombie() || p.stat().kernelThread() || p.ppid() <= 0) {
                continue;
            }
            if (objects.sameMemory(p.pid(), p.ppid())) {
                memory.put(p.pid(), p.ppid());
            } else if (p.pid() == tree.rootPid() && objects.sameFdTable(p.pid(), p.ppid())) {
                tables.put(p.pid(), p.ppid());
            }
        }
    }

    private Map<Long, Long> peers(TreeFacts tree) {
        Set<Long> inodes = new HashSet<>();
        for (ProcessFacts p : tree.processes()) {
            for (FdFacts fd : p.fds()) {
                if (fd.socket().filter(s -> s.family() == SocketFamily.UNIX).isPresent()) {
                    inodes.add(fd.stat().ino());
                }
            }
        }
        return inodes.isEmpty() ? Map.of() : objects.unixPeers(tree.rootPid(), inodes);
    }

    /** Adds to each unix socket its peer's inode, and the name by which the peer is known. */
    private TreeFacts withPeers(TreeFacts tree, Map<Long, Long> peers) {
        if (peers.isEmpty()) {
            return tree;
        }
        Map<Long, SocketFacts> all = proc.sockets(tree.rootPid());
        List<ProcessFacts> processes =
                tree.processes().stream()
                        .map(
                                p ->
                                        p.withFds(
                                                p.fds().stream()
                                                        .map(
                                                                fd ->
                                                                        fd.withSocket(
                                                                                fd.socket()
                                                                                        .map(
                                                                                                s -> {
                                                                                                    Long
                                                                                                            peer =
                                                                                                                    peers
                                                                                                                            .get(
                                                                                                                                    s
                                                                                                                                            .ino());
                                                                                                    if (peer
                                                                                                            == null) {
                                                                                                        return s;
                                                                                                    }
                                                                                                    SocketFacts
                                                                                                            other =
                                                                                                                    all
                                                                                                                            .get(
                                                                                                                                    peer);
                                                                                                    return s
                                                                                                            .withPeer(
                                                                                                                    peer,
                                                                                                                    other
                                                                                                                                    == null
                                                                                                                            ? ""
                                                                                                                            : other
                                                                                                                                    .local());
                                                                                                })))
                                                        .toList()))
                        .toList();
        return new TreeFacts(tree.rootPid(), processes, tree.stable());
    }

    /**
     * Holders of the outside ends of unix sockets: a second pass, only when there are such ends.
     */
    private Map<Long, List<Holder>> peerHolders(
            TreeFacts tree, List<OpenFile> openFiles, Map<Long, Long> peers) {
        Set<Long> wanted = new HashSet<>(peers.values());
        openFiles.stream()
                .filter(o -> o.fd().kind() == FdKind.SOCKET)
                .forEach(o -> wanted.remove(o.fd().stat().ino()));
        return wanted.isEmpty()
                ? Map.of()
                : new FdSharing(proc, objects).socketHolders(tree, wanted);
    }
}
