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
        return read(pid, agent, capsule, Optional.empty());
    }

    /**
     * A second look at a tree, meant for when it is frozen: what it has opened, locked or started
     * since the first one must not slip through. The expensive part (who else on this node holds
     * what it has open) is done again only when the tree has other descriptors than before;
     * otherwise this takes one to a few milliseconds.
     */
    public SourceFacts reread(SourceFacts before, Optional<CapsuleContext> capsule) {
        return read(before.pid(), before.agent(), capsule, Optional.of(before));
    }

    private SourceFacts read(
            int pid,
            AgentFacts agent,
            Optional<CapsuleContext> capsule,
            Optional<SourceFacts> before) {
        Optional<TreeFacts> found = proc.tree(pid);
        if (found.isEmpty()) {
            return new SourceFacts(
                    pid,
                    Optional.empty(),
                    List.of(),
                    agent,
                    capsule,
                    List.of(),
                    Map.of(),
                    Map.of(),
                    Map.of(),
                    Map.of(),
                    Map.of(),
                    Map.of(),
                    List.of(),
                    away.get(),
                    Map.of(),
                    before.map(SourceFacts::machine).orElseGet(proc::machine),
                    criuVersion,
                    arch);
        }
        Map<Long, Long> peers = peers(found.get());
        TreeFacts tree = withPeers(found.get(), peers);
        List<OpenFile> openFiles =
                before.flatMap(b -> unchanged(b, tree))
                        .orElseGet(() -> new FdSharing(proc, objects).of(tree, agent.helpers()));
        Map<Integer, Integer> memorySharers = new HashMap<>();
        Map<Integer, Integer> tableSharers = new HashMap<>();
        sharers(tree, memorySharers, tableSharers);
        Map<FileId, Set<Integer>> sharedMappings = sharedMappings(tree, before);
        Map<Integer, String> names = new HashMap<>();
        tree.processes().forEach(p -> name(names, p.status().tracerPid()));
        memorySharers.values().forEach(p -> name(names, p));
        tableSharers.values().forEach(p -> name(names, p));
        sharedMappings.values().forEach(pids -> pids.forEach(p -> name(names, p)));
        capsule.ifPresent(c -> c.others().forEach(o -> name(names, o.pid())));
        return new SourceFacts(
                pid,
                Optional.of(tree),
                proc.ancestors(pid),
                agent,
                capsule,
                openFiles,
                peerHolders(tree, openFiles, peers),
                sharedMappings,
                mappedFiles(tree, before),
                paths(tree, openFiles),
                memorySharers,
                tableSharers,
                capsule.isPresent() ? List.of() : proc.messageQueues(),
                away.get(),
                names,
                before.map(SourceFacts::machine).orElseGet(proc::machine),
                criuVersion,
                arch);
    }

    /**
     * The sharing found before, with the descriptors' present facts; empty when there are other
     * descriptors now.
     */
    private static Optional<List<OpenFile>> unchanged(SourceFacts before, TreeFacts tree) {
        if (before.tree().isEmpty() || !shape(before.tree().get()).equals(shape(tree))) {
            return Optional.empty();
        }
        List<OpenFile> now = new ArrayList<>();
        for (OpenFile file : before.openFiles()) {
            Optional<FdFacts> fd =
                    tree.process(file.first().pid()).flatMap(p -> p.fd(file.first().fd()));
            if (fd.isEmpty()) {
                return Optional.empty();
            }
            now.add(new OpenFile(fd.get(), file.members(), file.sharedWith(), file.otherHolders()));
        }
        return Optional.of(now);
    }

    /** Which process has which descriptor leading where: equal shapes have equal sharing. */
    private static List<Object> shape(TreeFacts tree) {
        List<Object> shape = new ArrayList<>();
        for (ProcessFacts p : tree.processes()) {
            shape.add(List.of(p.pid(), p.startTicks()));
            for (FdFacts fd : p.fds()) {
                shape.add(
                        List.of(
                                fd.number(),
                                fd.target(),
                                fd.stat().id(),
                                fd.access(),
                                fd.deleted()));
            }
        }
        return shape;
    }

    private Map<FileId, Set<Integer>> sharedMappings(TreeFacts tree, Optional<SourceFacts> before) {
        Set<FileId> shared = SharedMemory.sharedBy(tree);
        boolean known =
                before.flatMap(SourceFacts::tree)
                        .filter(t -> SharedMemory.sharedBy(t).containsAll(shared))
                        .isPresent();
        return known
                ? before.orElseThrow().sharedMappings()
                : new SharedMemory(proc).mappedOutside(tree, shared);
    }

    private Map<FileId, FileStat> mappedFiles(TreeFacts tree, Optional<SourceFacts> before) {
        Map<FileId, FileStat> mapped = new HashMap<>();
        before.ifPresent(b -> mapped.putAll(b.mappedFiles()));
        for (ProcessFacts p : tree.processes()) {
            for (MappingFacts m : p.mappings()) {
                // A deleted file may have grown, and the name may be gone only now.
                if (m.backed() && (m.deleted() || !mapped.containsKey(m.file()))) {
                    proc.mappedFile(p.pid(), m).ifPresent(s -> mapped.put(m.file(), s));
                }
            }
        }
        return mapped;
    }

    private Map<String, FileStat> paths(TreeFacts tree, List<OpenFile> openFiles) {
        Map<String, FileStat> paths = new HashMap<>();
        for (String path : FileNeeds.paths(tree, openFiles)) {
            proc.statAsSeenBy(tree.rootPid(), path).ifPresent(s -> paths.put(path, s));
        }
        return paths;
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
