package io.mig.checkpoint.proc;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reader of {@code /proc}. Stateless, usable by any thread. Needs the rights of root (or
 * CAP_SYS_PTRACE) to see other users' processes whole; without them facts are missing, not wrong.
 */
public final class ProcFs {
    private static final int TREE_ATTEMPTS = 5;
    private static final int PAGE_BYTES = 4096;

    private final ProcReader reader;

    public ProcFs(Path root) {
        this.reader = new ProcReader(root);
    }

    /** The machine's own {@code /proc}. */
    public static ProcFs system() {
        return new ProcFs(Path.of("/proc"));
    }

    ProcReader reader() {
        return reader;
    }

    /** Every pid there is now. */
    public List<Integer> pids() {
        return reader.numbers("");
    }

    public Optional<ProcStat> stat(int pid) {
        return reader.text(pid + "/stat").flatMap(ProcStat::parse);
    }

    /**
     * Cheap pass over all processes: one small file and one stat(2) each (about 10 microseconds).
     */
    public List<ProcSample> samples() {
        List<ProcSample> samples = new ArrayList<>();
        for (int pid : pids()) {
            sample(pid).ifPresent(samples::add);
        }
        return samples;
    }

    /** The same for one process. */
    public Optional<ProcSample> sample(int pid) {
        Optional<ProcStat> stat = stat(pid);
        // The folder belongs to the effective user, whether the process is dumpable or not.
        Optional<FileStat> folder =
                stat.isEmpty() ? Optional.empty() : reader.stat(Integer.toString(pid));
        if (stat.isEmpty() || folder.isEmpty()) {
            return Optional.empty();
        }
        ProcStat s = stat.get();
        return Optional.of(
                new ProcSample(
                        pid,
                        s.ppid(),
                        folder.get().uid(),
                        s.state(),
                        s.startTicks(),
                        s.utimeTicks() + s.stimeTicks(),
                        s.rssPages() * PAGE_BYTES,
                        s.threads(),
                        s.comm(),
                        s.kernelThread()));
    }

    /** Arguments of a process; empty for kernel threads, zombies and processes that are gone. */
    public List<String> cmdline(int pid) {
        byte[] bytes = reader.bytes(pid + "/cmdline").orElse(new byte[0]);
        List<String> arguments = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0 || i == bytes.length - 1) {
                int end = bytes[i] == 0 ? i : i + 1;
                arguments.add(new String(bytes, start, end - start, StandardCharsets.UTF_8));
                start = i + 1;
            }
        }
        return arguments;
    }

    /**
     * All facts of one process, sockets included; empty when it is not there or ended while it was
     * read.
     */
    public Optional<ProcessFacts> process(int pid) {
        return readProcess(pid).map(p -> withSockets(List.of(p)).getFirst());
    }

    /**
     * Facts of a process and all its descendants. Read until two looks at the tree agree, a few
     * times at most; see {@link TreeFacts#stable}.
     */
    public Optional<TreeFacts> tree(int rootPid) {
        Optional<TreeFacts> last = Optional.empty();
        for (int attempt = 0; attempt < TREE_ATTEMPTS; attempt++) {
            Map<Integer, Long> before = members(rootPid);
            List<ProcessFacts> processes = new ArrayList<>();
            for (int pid : before.keySet()) {
                readProcess(pid).ifPresent(processes::add);
            }
            if (processes.isEmpty() || processes.getFirst().pid() != rootPid) {
                return Optional.empty();
            }
            boolean stable = before.equals(members(rootPid)) && before.size() == processes.size();
            last = Optional.of(new TreeFacts(rootPid, withSockets(processes), stable));
            if (stable) {
                return last;
            }
        }
        return last;
    }

    /**
     * Pids of a process and all its descendants with their start times, parents first; empty when
     * it is not there.
     */
    public Map<Integer, Long> members(int rootPid) {
        Map<Integer, Long> members = new LinkedHashMap<>();
        Deque<Integer> open = new ArrayDeque<>(List.of(rootPid));
        while (!open.isEmpty()) {
            int pid = open.removeFirst();
            Optional<ProcStat> stat = stat(pid);
            if (stat.isPresent() && members.putIfAbsent(pid, stat.get().startTicks()) == null) {
                open.addAll(children(pid));
            }
        }
        return members;
    }

    /** Direct children of all threads of a process. */
    public Set<Integer> children(int pid) {
        Set<Integer> children = new java.util.TreeSet<>();
        for (int tid : reader.numbers(pid + "/task")) {
            reader.text(pid + "/task/" + tid + "/children")
                    .ifPresent(
                            text -> {
                                for (String word : Text.words(text.strip())) {
                                    int child = Text.intOf(word, -1);
                                    if (child > 0) {
                                        children.add(child);
                                    }
                                }
                            });
        }
        return children;
    }

    /** The process's parents up to the top, nearest first. */
    public List<Integer> ancestors(int pid) {
        List<Integer> ancestors = new ArrayList<>();
        int at = stat(pid).map(ProcStat::ppid).orElse(0);
        while (at > 0 && !ancestors.contains(at)) {
            ancestors.add(at);
            at = stat(at).map(ProcStat::ppid).orElse(0);
        }
        return ancestors;
    }

    /** {@code /proc/locks}: all file locks and leases of the machine. */
    public List<LockFacts> locks() {
        return LockFacts.parseAll(reader.lines("locks"));
    }

    /**
     * Locks that processes of a tree hold now, by descriptor. Much quicker than {@link #tree}: for
     * a second look at a frozen tree.
     */
    public Map<FdRef, List<LockFacts>> locksHeldBy(TreeFacts tree) {
        Map<FdRef, List<LockFacts>> held = new LinkedHashMap<>();
        for (ProcessFacts p : tree.processes()) {
            for (FdFacts fd : p.fds()) {
                if (fd.kind() == FdKind.REGULAR || fd.kind() == FdKind.DIRECTORY) {
                    List<LockFacts> locks =
                            reader.text(p.pid() + "/fdinfo/" + fd.number())
                                    .map(text -> FdInfo.parse(text).locks())
                                    .orElse(List.of());
                    if (!locks.isEmpty()) {
                        held.put(new FdRef(p.pid(), fd.number()), locks);
                    }
                }
            }
        }
        return held;
    }

    /** System V message queues of the IPC namespace of this {@code /proc}. */
    public List<SysvFacts> messageQueues() {
        return SysvFacts.parseAll(reader.lines("sysvipc/msg"));
    }

    public MachineFacts machine() {
        return new MachineFacts(
                reader.text("sys/kernel/osrelease").orElse("").strip(),
                MachineFacts.cpuFlags(reader.lines("cpuinfo")),
                MachineFacts.available(reader.lines("meminfo")));
    }

    /** stat(2) of what a mapping maps, empty when it maps no file. */
    public Optional<FileStat> mappedFile(int pid, MappingFacts mapping) {
        return reader.stat(pid + "/map_files/" + mapping.rangeName());
    }

    /** stat(2) of a path as a process sees it (through its root). */
    public Optional<FileStat> statAsSeenBy(int pid, String absolutePath) {
        return reader.stat(pid + "/root/" + absolutePath.replaceFirst("^/+", ""));
    }

    /** Descriptors of a process, without details of sockets. */
    public List<FdFacts> fds(int pid) {
        List<FdFacts> fds = new ArrayList<>();
        for (int number : reader.numbers(pid + "/fd")) {
            String name = pid + "/fd/" + number;
            Optional<String> target = reader.link(name);
            Optional<FileStat> stat = target.isEmpty() ? Optional.empty() : reader.stat(name);
            Optional<String> info =
                    stat.isEmpty() ? Optional.empty() : reader.text(pid + "/fdinfo/" + number);
            if (target.isPresent() && stat.isPresent() && info.isPresent()) {
                fds.add(fd(number, target.get(), stat.get(), FdInfo.parse(info.get())));
            }
        }
        return fds;
    }

    private static FdFacts fd(int number, String target, FileStat stat, FdInfo info) {
        boolean deleted = target.startsWith("/") && target.endsWith(Paths.DELETED);
        String path = deleted ? Paths.withoutDeleted(target) : target;
        return new FdFacts(
                number, path, FdKind.of(path, stat), stat, info, deleted, Optional.empty());
    }

    private Optional<ProcessFacts> readProcess(int pid) {
        Optional<ProcStat> stat = stat(pid);
        Optional<String> status = reader.text(pid + "/status");
        if (stat.isEmpty() || status.isEmpty()) {
            return Optional.empty();
        }
        List<ThreadFacts> threads = new ArrayList<>();
        for (int tid : reader.numbers(pid + "/task")) {
            reader.text(pid + "/task/" + tid + "/stat")
                    .flatMap(ProcStat::parse)
                    .ifPresent(s -> threads.add(new ThreadFacts(tid, s.comm(), s.state())));
        }
        var facts =
                new ProcessFacts(
                        stat.get(),
                        ProcStatus.parse(status.get()),
                        cmdline(pid),
                        fileRef(pid + "/exe"),
                        fileRef(pid + "/cwd"),
                        fileRef(pid + "/root"),
                        threads,
                        namespaces(pid),
                        fds(pid),
                        MappingFacts.parseAll(reader.lines(pid + "/maps")),
                        bits(pid),
                        cgroup(pid));
        // A pid that ended and was given to another process meanwhile would mix two processes into
        // one.
        boolean same = stat(pid).filter(s -> s.startTicks() == facts.startTicks()).isPresent();
        return same ? Optional.of(facts) : Optional.empty();
    }

    private FileRef fileRef(String name) {
        return reader.link(name)
                .map(
                        target ->
                                new FileRef(
                                        Paths.withoutDeleted(target),
                                        reader.stat(name),
                                        target.endsWith(Paths.DELETED)))
                .orElse(FileRef.NONE);
    }

    /** Namespaces of a process; kinds that could not be read are missing. */
    public Map<NamespaceKind, Long> namespaces(int pid) {
        Map<NamespaceKind, Long> namespaces = new EnumMap<>(NamespaceKind.class);
        for (NamespaceKind kind : NamespaceKind.values()) {
            reader.link(pid + "/ns/" + kind.link())
                    .ifPresent(
                            target -> {
                                int open = target.indexOf('[');
                                long ino =
                                        open < 0
                                                ? 0
                                                : Text.decimal(
                                                        target.substring(open + 1).replace("]", ""),
                                                        0);
                                if (ino > 0) {
                                    namespaces.put(kind, ino);
                                }
                            });
        }
        return namespaces;
    }

    /** Byte 4 of an ELF file is its class (elf(5)). */
    private int bits(int pid) {
        byte[] head = reader.head(reader.path(pid + "/exe"), 5);
        boolean elf =
                head.length == 5
                        && head[0] == 0x7f
                        && head[1] == 'E'
                        && head[2] == 'L'
                        && head[3] == 'F';
        return !elf ? 0 : head[4] == 1 ? 32 : head[4] == 2 ? 64 : 0;
    }

    private String cgroup(int pid) {
        return reader.lines(pid + "/cgroup").stream()
                .filter(line -> line.startsWith("0::"))
                .map(line -> line.substring(3))
                .findFirst()
                .orElse("");
    }

    private List<ProcessFacts> withSockets(List<ProcessFacts> processes) {
        // One look at the tables per network namespace.
        Map<Long, Map<Long, SocketFacts>> tables = new HashMap<>();
        List<ProcessFacts> complete = new ArrayList<>(processes.size());
        for (ProcessFacts p : processes) {
            Set<Long> wanted = new HashSet<>();
            p.fds().stream()
                    .filter(f -> f.kind() == FdKind.SOCKET)
                    .forEach(f -> wanted.add(f.stat().ino()));
            if (wanted.isEmpty()) {
                complete.add(p);
                continue;
            }
            long net = p.namespaces().getOrDefault(NamespaceKind.NET, 0L);
            Map<Long, SocketFacts> table = tables.computeIfAbsent(net, n -> sockets(p.pid()));
            List<FdFacts> fds =
                    p.fds().stream()
                            .map(
                                    f ->
                                            f.kind() != FdKind.SOCKET
                                                    ? f
                                                    : f.withSocket(
                                                            Optional.of(
                                                                    table.getOrDefault(
                                                                            f.stat().ino(),
                                                                            SocketFacts.unlisted(
                                                                                    f.stat()
                                                                                            .ino())))))
                            .toList();
            complete.add(p.withFds(fds));
        }
        return complete;
    }

    /** All sockets of the network namespace of a process, by inode. */
    public Map<Long, SocketFacts> sockets(int pid) {
        Map<Long, SocketFacts> sockets = new HashMap<>();
        for (SocketFamily family : SocketFamily.values()) {
            if (!family.table().isEmpty()) {
                for (SocketFacts s :
                        SocketTables.parse(family, reader.lines(pid + "/net/" + family.table()))) {
                    sockets.put(s.ino(), s);
                }
            }
        }
        return sockets;
    }
}
