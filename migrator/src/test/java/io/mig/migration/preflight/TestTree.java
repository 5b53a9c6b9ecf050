package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FdFacts;
import io.mig.checkpoint.proc.FdInfo;
import io.mig.checkpoint.proc.FdKind;
import io.mig.checkpoint.proc.FdRef;
import io.mig.checkpoint.proc.FileId;
import io.mig.checkpoint.proc.FileRef;
import io.mig.checkpoint.proc.FileStat;
import io.mig.checkpoint.proc.Holder;
import io.mig.checkpoint.proc.LockFacts;
import io.mig.checkpoint.proc.MachineFacts;
import io.mig.checkpoint.proc.MappingFacts;
import io.mig.checkpoint.proc.NamespaceKind;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.ProcSample;
import io.mig.checkpoint.proc.ProcStat;
import io.mig.checkpoint.proc.ProcStatus;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.SocketFacts;
import io.mig.checkpoint.proc.SysvFacts;
import io.mig.checkpoint.proc.ThreadFacts;
import io.mig.checkpoint.proc.TreeFacts;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Made-up trees: a healthy {@code worker} that can move, changed by the methods. */
final class TestTree {
    static final int ROOT = 1234;
    static final FileId ROOT_DIR = new FileId(1, 2);
    static final FileStat DIRECTORY = new FileStat(1, 2, 0040755, 3, 0, 0, 0, 4096, 10);

    /** One process of it. */
    static final class Member {
        int pid;
        int ppid;
        int sid;
        int pgid;
        long tty;
        char state = 'S';
        long flags;
        String comm = "worker";
        int uid = 1000;
        int euid = 1000;
        int tracer;
        int seccomp;
        int seccompFilters;
        int bits = 64;
        long rss = 10 << 20;
        long huge;
        List<Integer> nsPid = List.of();
        String exe = "/usr/bin/worker";
        FileRef cwd = new FileRef("/", Optional.of(DIRECTORY), false);
        FileRef root = new FileRef("/", Optional.of(DIRECTORY), false);
        final Map<NamespaceKind, Long> namespaces = normalNamespaces();
        final List<ThreadFacts> threads = new ArrayList<>();
        final List<MappingFacts> mappings = new ArrayList<>();
        final List<FdFacts> fds = new ArrayList<>();

        ProcessFacts facts() {
            return new ProcessFacts(
                    new ProcStat(
                            pid, comm, state, ppid, pgid, sid, tty, -1, flags, 0, 0, 1, 777, 0, 0),
                    ProcStatus.parse(
                            "Uid:\t%d\t%d\t%d\t%d\nTracerPid:\t%d\nSeccomp:\t%d\nSeccomp_filters:\t%d\nVmRSS:\t%d kB\nHugetlbPages:\t%d kB\nNSpid:\t%s\n"
                                    .formatted(
                                            uid,
                                            euid,
                                            euid,
                                            euid,
                                            tracer,
                                            seccomp,
                                            seccompFilters,
                                            rss / 1024,
                                            huge / 1024,
                                            nsPid.toString().replaceAll("[\\[\\],]", " "))),
                    List.of(comm),
                    new FileRef(exe, Optional.of(regular(900, 1000, 5)), false),
                    cwd,
                    root,
                    threads.isEmpty() ? List.of(new ThreadFacts(pid, comm, state)) : threads,
                    namespaces,
                    fds,
                    mappings,
                    bits,
                    "/");
        }
    }

    final List<Member> members = new ArrayList<>();
    final List<OpenFile> openFiles = new ArrayList<>();
    final Map<Long, List<Holder>> socketHolders = new HashMap<>();
    final Map<FileId, Set<Integer>> sharedMappings = new HashMap<>();
    final Map<FileId, FileStat> mappedFiles = new HashMap<>();
    final Map<String, FileStat> paths = new HashMap<>();
    final Map<Integer, Integer> memorySharers = new HashMap<>();
    final Map<Integer, Integer> fdTableSharers = new HashMap<>();
    final List<SysvFacts> queues = new ArrayList<>();
    final Map<Integer, String> away = new HashMap<>();
    final Map<Integer, String> names = new HashMap<>(Map.of(50, "bash", 60, "gdb", 70, "postgres"));
    final List<ProcSample> orphans = new ArrayList<>();
    List<CapsuleContext.KnownStream> known = List.of();
    List<Integer> rootAncestors = List.of(50, 1);
    boolean capsule;
    boolean stable = true;
    PreflightPolicy policy = PreflightPolicy.defaults();
    String criu = "4.2.1";
    String kernel = "6.18.4";
    Set<String> cpu = Set.of("fpu", "avx", "avx2", "hypervisor");

    TestTree() {
        Member root = member(ROOT, 50);
        root.sid = 40;
        root.pgid = ROOT;
        paths.put("/", DIRECTORY);
    }

    Member root() {
        return members.getFirst();
    }

    Member member(int pid, int ppid) {
        Member m = new Member();
        m.pid = pid;
        m.ppid = ppid;
        m.sid = 40;
        m.pgid = ROOT;
        members.add(m);
        return m;
    }

    static Map<NamespaceKind, Long> normalNamespaces() {
        Map<NamespaceKind, Long> all = new EnumMap<>(NamespaceKind.class);
        for (NamespaceKind kind : NamespaceKind.values()) {
            all.put(kind, 4026531800L + all.size());
        }
        return all;
    }

    static FileStat regular(long ino, long size, long mtime) {
        return new FileStat(1, ino, 0100644, 1, 0, 0, 0, size, mtime);
    }

    static FileStat special(int mode, long ino, long rdev) {
        return new FileStat(5, ino, mode, 1, 0, 0, rdev, 0, 0);
    }

    static Holder holder(int pid, String comm, int flags) {
        return new Holder(pid, comm, 9, flags);
    }

    /** An open file of the root. */
    OpenFile open(
            FdKind kind,
            String target,
            int flags,
            FileStat stat,
            List<Holder> shared,
            List<Holder> others) {
        return open(
                ROOT,
                7 + openFiles.size(),
                kind,
                target,
                flags,
                stat,
                false,
                "",
                Optional.empty(),
                shared,
                others);
    }

    OpenFile open(FdKind kind, String target) {
        return open(kind, target, 2, special(0100600, 88, 0), List.of(), List.of());
    }

    OpenFile socket(SocketFacts socket, List<Holder> shared) {
        return open(
                ROOT,
                7 + openFiles.size(),
                FdKind.SOCKET,
                "socket:[" + socket.ino() + "]",
                2,
                special(0140777, socket.ino(), 0),
                false,
                "",
                Optional.of(socket),
                shared,
                List.of());
    }

    /** A regular file that is found by its name. */
    OpenFile file(String path, int flags, List<Holder> shared, List<Holder> others) {
        FileStat stat = regular(path.hashCode() & 0xffff, 100, 5);
        paths.put(path, stat);
        return open(FdKind.REGULAR, path, flags, stat, shared, others);
    }

    OpenFile open(
            int pid,
            int fd,
            FdKind kind,
            String target,
            int flags,
            FileStat stat,
            boolean deleted,
            String lock,
            Optional<SocketFacts> socket,
            List<Holder> shared,
            List<Holder> others) {
        List<LockFacts> locks = LockFacts.parse(lock).map(List::of).orElse(List.of());
        FdFacts facts =
                new FdFacts(
                        fd,
                        target,
                        kind,
                        stat,
                        new FdInfo(0, flags, 1, stat.ino(), locks, Map.of()),
                        deleted,
                        socket);
        members.stream().filter(m -> m.pid == pid).findFirst().orElseThrow().fds.add(facts);
        OpenFile file = new OpenFile(facts, List.of(new FdRef(pid, fd)), shared, others);
        openFiles.add(file);
        return file;
    }

    void map(String line) {
        root().mappings.add(MappingFacts.parse(line).orElseThrow());
    }

    SourceFacts facts() {
        var agent =
                new AgentFacts(
                        "node1",
                        300,
                        List.of(200, 1),
                        normalNamespaces(),
                        ROOT_DIR,
                        0,
                        List.of("/run/mig/bin"),
                        Set.of());
        Optional<CapsuleContext> context =
                capsule
                        ? Optional.of(
                                new CapsuleContext(
                                        999,
                                        Set.of(999, 998),
                                        normalNamespaces(),
                                        ROOT_DIR,
                                        known,
                                        orphans))
                        : Optional.empty();
        return new SourceFacts(
                root().pid,
                Optional.of(
                        new TreeFacts(
                                root().pid, members.stream().map(Member::facts).toList(), stable)),
                rootAncestors,
                agent,
                context,
                openFiles,
                socketHolders,
                sharedMappings,
                mappedFiles,
                paths,
                memorySharers,
                fdTableSharers,
                queues,
                away,
                names,
                new MachineFacts(kernel, cpu, 1L << 30),
                criu,
                "amd64");
    }

    PreflightReport check() {
        return Preflight.check(facts(), Optional.empty(), policy);
    }

    PreflightReport check(TargetFacts target) {
        return Preflight.check(facts(), Optional.of(target), policy);
    }

    static TargetFacts target() {
        return new TargetFacts(
                "node2",
                Optional.empty(),
                "4.2.1",
                "6.18.4",
                "amd64",
                Set.of("fpu", "avx", "avx2"),
                1L << 30,
                0,
                0,
                Set.of(),
                List.of());
    }
}
