package io.mig.migration.preflight;

import static io.mig.migration.preflight.TestTree.holder;
import static io.mig.migration.preflight.TestTree.regular;
import static io.mig.migration.preflight.TestTree.special;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mig.checkpoint.proc.FdKind;
import io.mig.checkpoint.proc.FileId;
import io.mig.checkpoint.proc.FileRef;
import io.mig.checkpoint.proc.FileStat;
import io.mig.checkpoint.proc.NamespaceKind;
import io.mig.checkpoint.proc.ProcSample;
import io.mig.checkpoint.proc.SocketFacts;
import io.mig.checkpoint.proc.SocketFamily;
import io.mig.checkpoint.proc.SysvFacts;
import io.mig.checkpoint.proc.ThreadFacts;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every obstacle once, from made-up facts. */
class PreflightRulesTest {
    private static final int RDONLY = 0;
    private static final int WRONLY = 1;
    private static final int RDWR = 2;

    @Test
    void shouldFindNothingWhenTreeIsPlain() {
        PreflightReport report = new TestTree().check(TestTree.target());
        assertThat(report.obstacles()).isEmpty();
        assertThat(report.movable()).isTrue();
        assertThat(report.worthRetrying()).isFalse();
    }

    private static Arguments rule(ObstacleCode code, String text, Consumer<TestTree> change) {
        return Arguments.of(code, text, change);
    }

    private static Arguments object(ObstacleCode code, FdKind kind, String target) {
        return rule(code, "fd 7 of pid 1234 (worker)", t -> t.open(kind, target));
    }

    static Stream<Arguments> obstacles() {
        return Stream.concat(processes(), Stream.concat(descriptors(), files()));
    }

    static Stream<Arguments> processes() {
        return Stream.of(
                rule(
                        ObstacleCode.KERNEL_THREAD,
                        "thread of the kernel",
                        t -> t.root().flags = 0x200000),
                rule(ObstacleCode.INIT, "first process", t -> t.root().pid = 1),
                rule(
                        ObstacleCode.OTHER_USER,
                        "belongs to another user",
                        t -> t.policy = t.policy.withCaller(77, 0)),
                rule(
                        ObstacleCode.OTHER_USER,
                        "another user's rights",
                        t -> {
                            t.policy = t.policy.withCaller(1000, 0);
                            t.root().euid = 0;
                        }),
                rule(
                        ObstacleCode.OTHER_USER,
                        "this descendant",
                        t -> {
                            t.policy = t.policy.withCaller(1000, 0);
                            t.member(1300, TestTree.ROOT).uid = 0;
                        }),
                rule(
                        ObstacleCode.ROOT_PROCESS,
                        "root's rights",
                        t -> {
                            t.root().euid = 0;
                            t.policy =
                                    new PreflightPolicy(
                                            0, 0, false, List.of(), 0, false, false, false);
                        }),
                rule(ObstacleCode.AGENT, "is the agent", t -> t.root().pid = 300),
                rule(ObstacleCode.AGENT, "descendant of it", t -> t.root().pid = 200),
                rule(
                        ObstacleCode.AGENT,
                        "started by the agent",
                        t -> t.rootAncestors = List.of(300, 200, 1)),
                rule(
                        ObstacleCode.CALLER_IN_TREE,
                        "command that asks",
                        t -> {
                            t.member(1300, TestTree.ROOT);
                            t.policy = t.policy.withCaller(0, 1300);
                        }),
                rule(
                        ObstacleCode.MIG_PROCESS,
                        "/run/mig/bin/mig-capsule",
                        t -> t.root().exe = "/run/mig/bin/mig-capsule"),
                rule(
                        ObstacleCode.MIG_PROCESS,
                        "this descendant",
                        t -> t.member(1300, TestTree.ROOT).exe = "/run/mig/bin/criu"),
                rule(
                        ObstacleCode.DEPUTY,
                        "already runs on node node3",
                        t -> t.away.put(TestTree.ROOT, "node3")),
                rule(
                        ObstacleCode.DEPUTY,
                        "mig home 1300",
                        t -> {
                            t.member(1300, TestTree.ROOT);
                            t.away.put(1300, "node3");
                        }),
                rule(ObstacleCode.ZOMBIE, "parent, pid 50", t -> t.root().state = 'Z'),
                rule(
                        ObstacleCode.DEAD_LEADER,
                        "first thread",
                        t -> {
                            t.root().state = 'Z';
                            t.root().threads.add(new ThreadFacts(1234, "worker", 'Z'));
                            t.root().threads.add(new ThreadFacts(1235, "worker", 'S'));
                        }),
                rule(
                        ObstacleCode.ZOMBIE_IN_TREE,
                        "pid 1300",
                        t -> t.member(1300, TestTree.ROOT).state = 'Z'),
                rule(ObstacleCode.PTRACED, "traced by pid 60 (gdb)", t -> t.root().tracer = 60),
                rule(ObstacleCode.PTRACED, "being traced", t -> t.root().state = 't'),
                rule(ObstacleCode.WORD_SIZE, "32-bit", t -> t.root().bits = 32),
                rule(
                        ObstacleCode.NAMESPACE,
                        "(mount, network)",
                        t -> {
                            t.root().namespaces.put(NamespaceKind.MNT, 1L);
                            t.root().namespaces.put(NamespaceKind.NET, 1L);
                        }),
                rule(
                        ObstacleCode.CHROOT,
                        "/srv/jail (chroot)",
                        t ->
                                t.root().root =
                                        new FileRef(
                                                "/srv/jail",
                                                Optional.of(regular(44, 1, 1)),
                                                false)),
                rule(ObstacleCode.SECCOMP, "seccomp", t -> t.root().seccompFilters = 1),
                rule(ObstacleCode.SECCOMP, "seccomp", t -> t.root().seccomp = 1),
                rule(
                        ObstacleCode.SHARED_MEMORY_SPACE,
                        "pid 50 (bash) (vfork)",
                        t -> t.memorySharers.put(1234, 50)),
                rule(
                        ObstacleCode.SHARED_FD_TABLE,
                        "pid 50 (bash)",
                        t -> t.fdTableSharers.put(1234, 50)),
                rule(ObstacleCode.TREE_UNSTABLE, "change faster", t -> t.stable = false),
                rule(
                        ObstacleCode.ORPHAN_IN_CAPSULE,
                        "pid 70 (postgres)",
                        t -> {
                            t.capsule = true;
                            t.root().nsPid = List.of(1234, 55);
                            t.orphans.add(
                                    new ProcSample(70, 999, 0, 'S', 0, 0, 0, 1, "postgres", false));
                        }),
                rule(
                        ObstacleCode.SESSION_LEADER,
                        "login shell",
                        t -> {
                            t.root().sid = TestTree.ROOT;
                            t.root().tty = 0x8803;
                        }),
                rule(
                        ObstacleCode.FOREIGN_SESSION,
                        "session 4000",
                        t -> t.member(1300, TestTree.ROOT).sid = 4000),
                rule(
                        ObstacleCode.SYSV_MSG,
                        "message queue 5",
                        t -> t.queues.add(new SysvFacts(5, 1234, 0))));
    }

    static Stream<Arguments> descriptors() {
        List<io.mig.checkpoint.proc.Holder> bash = List.of(holder(50, "bash", RDWR));
        return Stream.of(
                object(ObstacleCode.IO_URING, FdKind.IO_URING, "anon_inode:[io_uring]"),
                rule(
                        ObstacleCode.IO_URING,
                        "iou-wrk-1234",
                        t -> t.root().threads.add(new ThreadFacts(1236, "iou-wrk-1234", 'S'))),
                object(ObstacleCode.USERFAULTFD, FdKind.USERFAULTFD, "anon_inode:[userfaultfd]"),
                object(ObstacleCode.PERF_EVENT, FdKind.PERF_EVENT, "anon_inode:[perf_event]"),
                object(ObstacleCode.BPF, FdKind.BPF, "anon_inode:bpf-map"),
                object(ObstacleCode.KVM, FdKind.KVM, "anon_inode:kvm-vm"),
                object(ObstacleCode.LANDLOCK, FdKind.LANDLOCK, "anon_inode:[landlock-ruleset]"),
                object(
                        ObstacleCode.SECCOMP_NOTIFY,
                        FdKind.SECCOMP_NOTIFY,
                        "anon_inode:seccomp notify"),
                object(ObstacleCode.FILE_WATCH, FdKind.INOTIFY, "anon_inode:inotify"),
                object(ObstacleCode.FILE_WATCH, FdKind.FANOTIFY, "anon_inode:[fanotify]"),
                object(ObstacleCode.NAMESPACE_FD, FdKind.NAMESPACE, "net:[4026531840]"),
                object(ObstacleCode.UNSUPPORTED_FD, FdKind.OTHER_ANON, "anon_inode:[fscontext]"),
                object(ObstacleCode.DEVICE, FdKind.CHAR_DEVICE, "/dev/nvidia0"),
                object(ObstacleCode.DEVICE, FdKind.BLOCK_DEVICE, "/dev/sda"),
                object(ObstacleCode.FIFO, FdKind.FIFO, "/tmp/fifo"),
                rule(
                        ObstacleCode.FIFO,
                        "jobserver-style=pipe",
                        t -> t.open(FdKind.FIFO, "/tmp/GMfifo12")),
                object(ObstacleCode.PTY_MASTER, FdKind.PTY_MASTER, "/dev/ptmx"),
                object(ObstacleCode.FOREIGN_TTY, FdKind.TTY, "/dev/pts/9"),
                object(ObstacleCode.CURRENT_TTY, FdKind.TTY_CURRENT, "/dev/tty"),
                object(ObstacleCode.PIDFD_OUTSIDE, FdKind.PIDFD, "anon_inode:[pidfd]"),
                rule(
                        ObstacleCode.PIPE_PACKET_MODE,
                        "O_DIRECT",
                        t ->
                                t.open(
                                        FdKind.PIPE,
                                        "pipe:[5]",
                                        040001,
                                        special(0010600, 5, 0),
                                        List.of(),
                                        bash)),
                rule(
                        ObstacleCode.PIPE_BOTH_WAYS,
                        "topmost make",
                        t -> {
                            t.open(
                                    FdKind.PIPE,
                                    "pipe:[5]",
                                    RDONLY,
                                    special(0010600, 5, 0),
                                    List.of(),
                                    bash);
                            t.open(
                                    FdKind.PIPE,
                                    "pipe:[5]",
                                    WRONLY,
                                    special(0010600, 5, 0),
                                    List.of(),
                                    bash);
                        }),
                rule(
                        ObstacleCode.PIPE_CROSSED,
                        "could read",
                        t -> {
                            var reader = List.of(holder(50, "bash", RDONLY));
                            t.open(
                                    FdKind.PIPE,
                                    "pipe:[5]",
                                    RDONLY,
                                    special(0010600, 5, 0),
                                    List.of(),
                                    reader);
                            t.open(
                                    FdKind.PIPE,
                                    "pipe:[5]",
                                    WRONLY,
                                    special(0010600, 5, 0),
                                    List.of(),
                                    reader);
                        }),
                rule(
                        ObstacleCode.SHARED_EVENT,
                        "eventfd with pid 50 (bash)",
                        t ->
                                t.open(
                                        FdKind.EVENTFD,
                                        "anon_inode:[eventfd]",
                                        RDWR,
                                        special(0100600, 5, 0),
                                        bash,
                                        List.of())),
                rule(
                        ObstacleCode.UNKNOWN_STREAM,
                        "pid 70 (postgres)",
                        t -> {
                            t.capsule = true;
                            t.open(
                                    FdKind.PIPE,
                                    "pipe:[5]",
                                    WRONLY,
                                    special(0010600, 5, 0),
                                    List.of(),
                                    List.of(holder(70, "postgres", RDONLY)));
                        }),
                rule(
                        ObstacleCode.INET_SOCKET,
                        "TCP socket 10.0.0.1:22 -> 10.0.0.2:99 (ESTABLISHED)",
                        t ->
                                t.socket(
                                        new SocketFacts(
                                                5,
                                                SocketFamily.TCP,
                                                "stream",
                                                "10.0.0.1:22",
                                                "10.0.0.2:99",
                                                "ESTABLISHED",
                                                0),
                                        List.of())),
                rule(
                        ObstacleCode.INET_SOCKET,
                        "UDP socket",
                        t ->
                                t.socket(
                                        new SocketFacts(
                                                5,
                                                SocketFamily.UDP6,
                                                "dgram",
                                                "[::]:53",
                                                "",
                                                "",
                                                0),
                                        List.of())),
                rule(
                        ObstacleCode.INET_SOCKET,
                        "Leave servers at home",
                        t ->
                                t.socket(
                                        new SocketFacts(
                                                5,
                                                SocketFamily.TCP,
                                                "stream",
                                                "0.0.0.0:80",
                                                "",
                                                "LISTEN",
                                                0),
                                        List.of())),
                rule(
                        ObstacleCode.NETLINK_SOCKET,
                        "netlink socket",
                        t ->
                                t.socket(
                                        new SocketFacts(
                                                5,
                                                SocketFamily.NETLINK,
                                                "raw",
                                                "protocol 0",
                                                "",
                                                "",
                                                0),
                                        List.of())),
                rule(
                        ObstacleCode.PACKET_SOCKET,
                        "packet socket",
                        t ->
                                t.socket(
                                        new SocketFacts(
                                                5, SocketFamily.PACKET, "raw", "", "", "", 0),
                                        List.of())),
                rule(
                        ObstacleCode.UNKNOWN_SOCKET,
                        "inode 5",
                        t -> t.socket(SocketFacts.unlisted(5), List.of())),
                rule(
                        ObstacleCode.UNIX_LISTENING,
                        "/run/x.sock",
                        t -> t.socket(unix("stream", "/run/x.sock", "", "LISTEN", 0), List.of())),
                rule(
                        ObstacleCode.UNIX_NAMED,
                        "/run/x.sock",
                        t ->
                                t.socket(
                                        unix("dgram", "/run/x.sock", "", "UNCONNECTED", 0),
                                        List.of())),
                rule(
                        ObstacleCode.UNIX_PEER,
                        "pid 70 (postgres)",
                        t -> {
                            t.socket(unix("stream", "", "", "CONNECTED", 6), List.of());
                            t.socketHolders.put(6L, List.of(holder(70, "postgres", RDWR)));
                        }),
                rule(
                        ObstacleCode.UNIX_PEER,
                        "cannot be seen",
                        t -> t.socket(unix("stream", "", "", "CONNECTED", 0), List.of())),
                rule(
                        ObstacleCode.UNIX_SHARED,
                        "pid 50 (bash)",
                        t -> t.socket(unix("stream", "", "", "CONNECTED", 6), bash)),
                rule(
                        ObstacleCode.SYSLOG,
                        "system log",
                        t ->
                                t.socket(
                                        unix(
                                                "dgram",
                                                "",
                                                "/run/systemd/journal/dev-log",
                                                "CONNECTED",
                                                6),
                                        List.of())));
    }

    private static SocketFacts unix(
            String type, String local, String remote, String state, long peer) {
        return new SocketFacts(5, SocketFamily.UNIX, type, local, remote, state, peer);
    }

    static Stream<Arguments> files() {
        List<io.mig.checkpoint.proc.Holder> bash = List.of(holder(50, "bash", RDWR));
        FileStat gone = new FileStat(1, 5, 0100644, 0, 0, 0, 0, 100, 0);
        FileStat big = new FileStat(1, 5, 0100644, 0, 0, 0, 0, 5 << 20, 0);
        return Stream.of(
                rule(
                        ObstacleCode.DEVICE_MAPPING,
                        "/dev/dri/card0",
                        t -> t.map("1000-2000 rw-s 0 00:05 44 /dev/dri/card0")),
                rule(
                        ObstacleCode.SYSV_SHM,
                        "SYSV0000abcd",
                        t -> t.map("1000-2000 rw-s 0 00:01 44 /SYSV0000abcd (deleted)")),
                rule(
                        ObstacleCode.UNSUPPORTED_MAPPING,
                        "anon_inode:[perf_event]",
                        t -> t.map("1000-2000 rw-s 0 00:0d 44 anon_inode:[perf_event]")),
                rule(
                        ObstacleCode.UNSUPPORTED_MAPPING,
                        "uprobe",
                        t -> t.map("1000-2000 r-xp 0 00:00 0 [uprobes]")),
                rule(
                        ObstacleCode.SHARED_MEMORY,
                        "pid 70 (postgres)",
                        t -> {
                            t.map("1000-2000 rw-s 0 00:01 44 /dev/zero (deleted)");
                            t.sharedMappings.put(new FileId(1, 44), Set.of(70));
                        }),
                rule(
                        ObstacleCode.SHARED_MEMORY,
                        "/memfd:x",
                        t -> t.open(FdKind.MEMFD, "/memfd:x", RDWR, gone, bash, List.of())),
                rule(
                        ObstacleCode.DELETED_FILE,
                        "5.0 MiB",
                        t ->
                                t.open(
                                        TestTree.ROOT,
                                        7,
                                        FdKind.REGULAR,
                                        "/tmp/x",
                                        RDWR,
                                        big,
                                        true,
                                        "",
                                        Optional.empty(),
                                        List.of(),
                                        List.of())),
                rule(
                        ObstacleCode.DELETED_FILE,
                        "mapping of pid 1234 (worker)",
                        t -> {
                            t.map("1000-2000 r-xp 0 00:01 44 /usr/lib/old.so (deleted)");
                            t.mappedFiles.put(new FileId(1, 44), big);
                        }),
                rule(
                        ObstacleCode.DELETED_FILE,
                        "working directory",
                        t ->
                                t.root().cwd =
                                        new FileRef(
                                                "/tmp/gone",
                                                Optional.of(TestTree.DIRECTORY),
                                                true)),
                rule(
                        ObstacleCode.DELETED_SHARED,
                        "pid 50 (bash)",
                        t ->
                                t.open(
                                        TestTree.ROOT,
                                        7,
                                        FdKind.REGULAR,
                                        "/tmp/x",
                                        RDWR,
                                        gone,
                                        true,
                                        "",
                                        Optional.empty(),
                                        List.of(),
                                        bash)),
                rule(
                        ObstacleCode.RENAMED_AWAY,
                        "other names",
                        t ->
                                t.open(
                                        TestTree.ROOT,
                                        7,
                                        FdKind.REGULAR,
                                        "/tmp/x",
                                        RDWR,
                                        regular(5, 1, 1),
                                        true,
                                        "",
                                        Optional.empty(),
                                        List.of(),
                                        List.of())),
                rule(
                        ObstacleCode.HIDDEN_FILE,
                        "cannot be found",
                        t ->
                                t.open(
                                        FdKind.REGULAR,
                                        "/data/x",
                                        RDONLY,
                                        regular(5, 1, 1),
                                        List.of(),
                                        List.of())),
                rule(
                        ObstacleCode.HIDDEN_FILE,
                        "leads to another file",
                        t -> {
                            t.open(
                                    FdKind.REGULAR,
                                    "/data/x",
                                    RDONLY,
                                    regular(5, 1, 1),
                                    List.of(),
                                    List.of());
                            t.paths.put("/data/x", regular(6, 1, 1));
                        }),
                rule(
                        ObstacleCode.PATH_NAME,
                        "not valid UTF-8",
                        t ->
                                t.open(
                                        FdKind.REGULAR,
                                        "/data/\uFFFD",
                                        RDONLY,
                                        regular(5, 1, 1),
                                        List.of(),
                                        List.of())),
                rule(
                        ObstacleCode.SHARED_OFFSET,
                        "pid 50 (bash)",
                        t -> t.file("/data/x", RDONLY, bash, List.of())),
                rule(
                        ObstacleCode.SHARED_OFFSET,
                        "pid 50 (bash)",
                        t -> t.file("/data/x", RDWR, bash, List.of())),
                rule(
                        ObstacleCode.AMBIGUOUS_FILE,
                        "open a second time",
                        t -> {
                            t.file("/data/x", WRONLY, bash, List.of());
                            t.policy = t.policy.withShared(List.of("/data"));
                            t.file("/data/x", RDONLY, List.of(), List.of());
                        }),
                rule(
                        ObstacleCode.FILE_LOCK,
                        "posix, write",
                        t -> {
                            t.policy = t.policy.withShared(List.of("/data"));
                            t.paths.put("/data/db", regular(5, 1, 1));
                            t.open(
                                    TestTree.ROOT,
                                    7,
                                    FdKind.REGULAR,
                                    "/data/db",
                                    RDWR,
                                    regular(5, 1, 1),
                                    false,
                                    "1: POSIX ADVISORY WRITE 1234 00:01:5 0 EOF",
                                    Optional.empty(),
                                    List.of(),
                                    List.of());
                        }),
                rule(
                        ObstacleCode.LEASE,
                        "lease on /data/db",
                        t -> {
                            t.paths.put("/data/db", regular(5, 1, 1));
                            t.open(
                                    TestTree.ROOT,
                                    7,
                                    FdKind.REGULAR,
                                    "/data/db",
                                    RDONLY,
                                    regular(5, 1, 1),
                                    false,
                                    "1: LEASE ACTIVE READ 1234 00:01:5 0 EOF",
                                    Optional.empty(),
                                    List.of(),
                                    List.of());
                        }),
                rule(
                        ObstacleCode.NOT_SHARED,
                        "none is declared",
                        t -> t.file("/data/x", WRONLY, List.of(), List.of())),
                rule(
                        ObstacleCode.NOT_SHARED,
                        "(/shared)",
                        t -> {
                            t.policy = t.policy.withShared(List.of("/shared"));
                            t.file("/shared2/x", RDWR, List.of(), List.of());
                        }),
                rule(
                        ObstacleCode.NOT_SHARED,
                        "mapped for shared writing",
                        t -> {
                            t.map("1000-2000 rw-s 0 00:01 44 /data/map");
                            t.mappedFiles.put(new FileId(1, 44), regular(44, 1, 1));
                            t.paths.put("/data/map", regular(44, 1, 1));
                        }),
                rule(
                        ObstacleCode.WRITTEN_BY_OTHERS,
                        "pid 50 (bash)",
                        t -> t.file("/data/x", RDONLY, List.of(), bash)),
                rule(
                        ObstacleCode.PROC_FILE,
                        "open for writing",
                        t -> t.file("/proc/sys/kernel/x", WRONLY, List.of(), List.of())),
                rule(
                        ObstacleCode.PROC_FILE,
                        "process of this node",
                        t -> t.file("/proc/4711/stat", RDONLY, List.of(), List.of())));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("obstacles")
    void shouldNameObstacle(ObstacleCode code, String text, Consumer<TestTree> change) {
        TestTree tree = new TestTree();
        change.accept(tree);
        PreflightReport report = tree.check();
        assertThat(report.obstacles()).extracting(Obstacle::code).containsExactly(code);
        assertThat(report.obstacles().getFirst().line())
                .contains(text)
                .doesNotContain("\n")
                .endsWith(".");
        assertThat(report.movable()).isFalse();
    }

    static Stream<Arguments> targets() {
        TargetFacts t = TestTree.target();
        return Stream.of(
                target(
                        ObstacleCode.SAME_NODE,
                        "node1",
                        facts(
                                "node1",
                                t.criuVersion(),
                                t.kernel(),
                                t.arch(),
                                t.cpuFlags(),
                                1L << 30,
                                0,
                                0)),
                target(
                        ObstacleCode.TARGET_DOWN,
                        "no answer for 3 s",
                        TargetFacts.unreachable("node2", "no answer for 3 s")),
                target(
                        ObstacleCode.CRIU_VERSION,
                        "CRIU 4.3, this node has 4.2.1",
                        facts("node2", "4.3", t.kernel(), t.arch(), t.cpuFlags(), 1L << 30, 0, 0)),
                target(
                        ObstacleCode.CRIU_VERSION,
                        "CRIU unknown",
                        facts("node2", "", t.kernel(), t.arch(), t.cpuFlags(), 1L << 30, 0, 0)),
                target(
                        ObstacleCode.KERNEL,
                        "5.10.0",
                        facts("node2", "4.2.1", "5.10.0", t.arch(), t.cpuFlags(), 1L << 30, 0, 0)),
                target(
                        ObstacleCode.ARCHITECTURE,
                        "aarch64",
                        facts(
                                "node2",
                                "4.2.1",
                                t.kernel(),
                                "aarch64",
                                Set.of("asimd"),
                                1L << 30,
                                0,
                                0)),
                target(
                        ObstacleCode.CPU_FEATURES,
                        "lack avx2;",
                        facts(
                                "node2",
                                "4.2.1",
                                t.kernel(),
                                t.arch(),
                                Set.of("fpu", "avx"),
                                1L << 30,
                                0,
                                0)),
                target(
                        ObstacleCode.TARGET_MEMORY,
                        "42.0 MiB are needed",
                        facts(
                                "node2",
                                "4.2.1",
                                t.kernel(),
                                t.arch(),
                                t.cpuFlags(),
                                10 << 20,
                                0,
                                0)),
                target(
                        ObstacleCode.TARGET_DISK,
                        "node node2: its disk is full",
                        new TargetFacts(
                                "node2",
                                Optional.empty(),
                                "4.2.1",
                                t.kernel(),
                                t.arch(),
                                t.cpuFlags(),
                                1L << 30,
                                0,
                                0,
                                "its disk is full",
                                Set.of(),
                                List.of(),
                                false)),
                target(
                        ObstacleCode.TARGET_FULL,
                        "3 guests of at most 3",
                        facts(
                                "node2",
                                "4.2.1",
                                t.kernel(),
                                t.arch(),
                                t.cpuFlags(),
                                1L << 30,
                                3,
                                3)));
    }

    private static Arguments target(ObstacleCode code, String text, TargetFacts facts) {
        return Arguments.of(code, text, facts);
    }

    private static TargetFacts facts(
            String node,
            String criu,
            String kernel,
            String arch,
            Set<String> cpu,
            long memory,
            int guests,
            int most) {
        return new TargetFacts(
                node,
                Optional.empty(),
                criu,
                kernel,
                arch,
                cpu,
                memory,
                guests,
                most,
                Set.of(),
                List.of());
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("targets")
    void shouldNameObstacleOfTarget(ObstacleCode code, String text, TargetFacts facts) {
        PreflightReport report = new TestTree().check(facts);
        assertThat(report.obstacles()).extracting(Obstacle::code).containsExactly(code);
        assertThat(report.obstacles().getFirst().line()).contains(text);
    }

    @Test
    void shouldRefuseOldCriuThoughBothAreEqual() {
        TestTree tree = new TestTree();
        tree.criu = "4.1.1";
        PreflightReport report =
                tree.check(facts("node2", "4.1.1", "6.18.4", "amd64", tree.cpu, 1L << 30, 0, 0));
        assertThat(report.obstacles())
                .extracting(Obstacle::code)
                .containsExactly(ObstacleCode.CRIU_VERSION);
    }

    @Test
    void shouldNameFilesThatTargetLacksByTheirUsers() {
        TestTree tree = new TestTree();
        tree.policy = tree.policy.withShared(List.of("/shared"));
        tree.file("/data/in", RDONLY, List.of(), List.of());
        tree.file("/shared/out", WRONLY, List.of(), List.of());
        TargetFacts t = TestTree.target();
        var missing =
                new FileMismatch(
                        "/data/in",
                        FileNeed.Access.READ,
                        FileMismatch.Kind.MISSING,
                        "it does not exist there",
                        "");
        var old =
                new FileMismatch(
                        "/usr/bin/worker",
                        FileNeed.Access.READ,
                        FileMismatch.Kind.SIZE,
                        "it has 5 bytes there, and 1000 here",
                        "");
        var facts =
                new TargetFacts(
                        "node2",
                        Optional.empty(),
                        "4.2.1",
                        "6.18.4",
                        "amd64",
                        t.cpuFlags(),
                        1L << 30,
                        0,
                        0,
                        Set.of(),
                        List.of(missing, old));
        PreflightReport report = tree.check(facts);
        assertThat(report.obstacles())
                .extracting(Obstacle::code)
                .containsExactlyInAnyOrder(
                        ObstacleCode.NOT_ON_TARGET,
                        ObstacleCode.DIFFERENT_ON_TARGET,
                        ObstacleCode.SHARE_NOT_PROVEN);
        assertThat(report.obstacles())
                .extracting(Obstacle::line)
                .anyMatch(
                        l ->
                                l.startsWith(
                                        "fd 7 of pid 1234 (worker): it uses /data/in, which node node2"))
                .anyMatch(
                        l -> l.startsWith("program of pid 1234 (worker): it uses /usr/bin/worker"));
    }

    private static TargetFacts servesHome(boolean yes) {
        TargetFacts t = TestTree.target();
        return new TargetFacts(
                t.node(),
                t.down(),
                t.criuVersion(),
                t.kernel(),
                t.arch(),
                t.cpuFlags(),
                t.memoryAvailableBytes(),
                t.guests(),
                t.maxGuests(),
                "",
                t.provenShared(),
                t.mismatches(),
                yes);
    }

    @Test
    void shouldLetItWriteWhereItLikesWhenTheTargetServesHomesFiles() {
        TestTree tree = new TestTree();
        tree.policy = tree.policy.withHomeTree("node1");
        tree.file("/data/x", RDWR, List.of(), List.of());

        assertThat(tree.check(servesHome(true)).obstacles()).isEmpty();
        assertThat(tree.check(servesHome(false)).obstacles())
                .extracting(Obstacle::code)
                .containsExactly(ObstacleCode.NOT_SHARED);
    }

    @Test
    void shouldRefuseWhatLiesUnderDevWhenOnlyHomesFilesComeAlong() {
        TestTree tree = new TestTree();
        tree.policy = tree.policy.withHomeTree("node1");
        tree.file("/dev/shm/x", RDWR, List.of(), List.of());

        assertThat(tree.check(servesHome(true)).obstacles())
                .extracting(Obstacle::code)
                .containsExactly(ObstacleCode.NOT_SHARED);
    }

    @Test
    void shouldHaveTestForEveryCode() {
        Set<ObstacleCode> tested =
                EnumSet.of(
                        ObstacleCode.UNKNOWN_PID,
                        ObstacleCode.NOT_ON_TARGET,
                        ObstacleCode.DIFFERENT_ON_TARGET,
                        ObstacleCode.SHARE_NOT_PROVEN);
        Stream.concat(obstacles(), targets()).forEach(a -> tested.add((ObstacleCode) a.get()[0]));
        assertThat(tested).containsExactlyInAnyOrder(ObstacleCode.values());
    }

    @Test
    void shouldSayUnknownPid() {
        TestTree tree = new TestTree();
        SourceFacts f = tree.facts();
        SourceFacts none =
                new SourceFacts(
                        4711,
                        Optional.empty(),
                        List.of(),
                        f.agent(),
                        f.capsule(),
                        List.of(),
                        f.socketHolders(),
                        f.sharedMappings(),
                        f.mappedFiles(),
                        f.paths(),
                        f.memorySharers(),
                        f.fdTableSharers(),
                        List.of(),
                        f.away(),
                        f.names(),
                        f.machine(),
                        f.criuVersion(),
                        f.arch());
        PreflightReport report = Preflight.check(none, Optional.of(TestTree.target()), tree.policy);
        assertThat(report.obstacles())
                .extracting(Obstacle::line)
                .containsExactly(
                        "pid 4711: there is no such process on node node1; it has ended, or never was. Look at 'mig ps'.");
    }

    @Test
    void shouldTellUserNothingAboutOthersKernelOrDeputies() {
        TestTree tree = new TestTree();
        tree.policy = tree.policy.withCaller(77, 0);
        tree.away.put(TestTree.ROOT, "node3");
        tree.open(FdKind.IO_URING, "anon_inode:[io_uring]");
        assertThat(tree.check(TestTree.target()).obstacles())
                .extracting(Obstacle::line)
                .containsExactly(
                        "pid 1234: it belongs to another user; users move their own processes only (you are uid 77)."
                                + " Ask root to move it.");
    }

    @Test
    void shouldMergeEqualObstaclesOfSeveralProcesses() {
        TestTree tree = new TestTree();
        for (int pid = 1300; pid < 1310; pid++) {
            tree.member(pid, TestTree.ROOT).bits = 32;
        }
        assertThat(tree.check().obstacles())
                .extracting(Obstacle::subject)
                .containsExactly(
                        "pid 1300 (worker), pid 1301 (worker), pid 1302 (worker) and 7 more");
    }

    @Test
    void shouldKeepControlCharactersOutOfTheLine() {
        TestTree tree = new TestTree();
        tree.root().comm = "evil\n\u001b[2J";
        tree.root().tracer = 60;
        assertThat(tree.check().obstacles().getFirst().line())
                .contains("evil??[2J")
                .doesNotContain("\u001b");
        assertThatThrownBy(() -> new Obstacle(ObstacleCode.FIFO, "x", "", "y", "z", false))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldAllowWhatIsHarmless() {
        TestTree tree = new TestTree();
        FileStat gone = new FileStat(1, 5, 0100644, 0, 0, 0, 0, 100, 0);
        tree.open(FdKind.MEMORY_DEVICE, "/dev/null");
        tree.open(FdKind.EVENTFD, "anon_inode:[eventfd]");
        tree.open(FdKind.EPOLL, "anon_inode:[eventpoll]");
        tree.open(FdKind.TIMERFD, "anon_inode:[timerfd]");
        tree.open(FdKind.SIGNALFD, "anon_inode:[signalfd]");
        tree.open(FdKind.MEMFD, "/memfd:x", 2, gone, List.of(), List.of());
        tree.open(
                TestTree.ROOT,
                20,
                FdKind.REGULAR,
                "/tmp/x",
                2,
                gone,
                true,
                "",
                Optional.empty(),
                List.of(),
                List.of());
        tree.file("/proc/stat", 0, List.of(), List.of());
        tree.file("/proc/1234/maps", 0, List.of(), List.of());
        tree.file("/etc/passwd", 0, List.of(), List.of(holder(50, "bash", 0)));
        tree.map("1000-2000 rw-s 0 00:0d 44 /[aio] (deleted)");
        tree.map("3000-4000 rw-s 0 00:01 45 /dev/zero (deleted)");
        tree.map("5000-6000 r-xp 0 00:00 0 [vdso]");
        tree.socket(
                new SocketFacts(5, SocketFamily.UNIX, "stream", "", "", "CONNECTED", 6), List.of());
        tree.socket(
                new SocketFacts(6, SocketFamily.UNIX, "stream", "", "", "CONNECTED", 5), List.of());
        tree.root().huge = 1 << 20;
        PreflightReport report = tree.check();
        assertThat(report.obstacles()).isEmpty();
        assertThat(report.streams().streams()).isEmpty();
        assertThat(report.hints()).hasSize(1);
    }

    @Test
    void shouldLetDaemonWithoutTerminalMove() {
        TestTree tree = new TestTree();
        tree.root().sid = TestTree.ROOT;
        assertThat(tree.check().obstacles()).isEmpty();
    }
}
