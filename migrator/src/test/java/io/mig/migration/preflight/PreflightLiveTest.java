package io.mig.migration.preflight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.mig.checkpoint.proc.AccessMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Preflight against real programs. Needs root (mappings and other processes' descriptors). */
@Timeout(60)
class PreflightLiveTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    @SuppressWarnings("NullAway.Init")
    private Workloads programs;

    @BeforeEach
    void needRoot() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "requires root: reads descriptors and mappings of other processes");
        programs = new Workloads(folder);
    }

    @AfterEach
    void endPrograms() {
        if (programs != null) {
            programs.close();
        }
    }

    @Test
    void shouldLetPlainProgramMove() throws IOException {
        int pid = programs.script("touch $READY; exec python3 -c 'import time; time.sleep(600)'");
        programs.descendant(pid, "python3");
        PreflightReport report = programs.check(pid);
        assertThat(report.obstacles()).isEmpty();
        assertThat(report.streams().streams()).isEmpty();
        List<FileNeed> needs = FileNeeds.of(programs.facts(pid), PreflightPolicy.defaults());
        assertThat(needs).anyMatch(n -> n.path().contains("libc.so") && n.size() > 100_000);
        assertThat(needs)
                .anyMatch(
                        n ->
                                n.access() == FileNeed.Access.FOLDER
                                        && n.path().equals(folder.toString()));
        var check = new FileCheck(Path.of("/"), new ContentHash());
        assertThat(check.compare(needs, java.util.Set.of())).isEmpty();
    }

    @Test
    void shouldCarryBothPipesOfPipelineMiddle() throws IOException {
        int pid = programs.script("yes | sort --buffer-size=1M | (touch $READY; sleep 600) & wait");
        int sort = programs.descendant(pid, "sort");
        PreflightReport report =
                programs.check(sort, PreflightPolicy.defaults().withShared(List.of("/tmp")));
        assertThat(report.obstacles()).isEmpty();
        assertThat(report.streams().streams())
                .extracting(ExternalStream::kind, ExternalStream::demand, s -> s.owner().fd())
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(StreamKind.PIPE_IN, false, 0),
                        org.assertj.core.groups.Tuple.tuple(StreamKind.PIPE_OUT, false, 1));
        assertThat(report.streams().streams())
                .allMatch(s -> s.criuKey().startsWith("pipe:[") && s.link() == sort);
    }

    @Test
    void shouldKeepSharedLogAtHome() throws IOException {
        int pid = programs.script("{ sleep 600; echo b; } > log 2>&1 & touch $READY; wait");
        int sleep = programs.descendant(pid, "sleep 600");
        PreflightReport report = programs.check(sleep);
        assertThat(report.obstacles()).isEmpty();
        assertThat(report.streams().streams()).hasSize(1);
        ExternalStream log = report.streams().streams().getFirst();
        assertThat(log.kind()).isEqualTo(StreamKind.FILE_OUT);
        assertThat(log.criuKey()).isEqualTo(folder.resolve("log").toString().substring(1));
        assertThat(log.holders()).extracting(h -> h.fd()).containsExactly(1, 2);
        assertThat(AccessMode.of(log.flags())).isEqualTo(AccessMode.WRITE);
    }

    @Test
    void shouldRefuseSharedOffsetOfReader() throws IOException {
        Files.writeString(folder.resolve("list"), "a\nb\n");
        int pid = programs.script("while read x; do touch $READY; sleep 600; done < list & wait");
        int sleep = programs.descendant(pid, "sleep 600");
        assertOnly(
                programs.check(sleep),
                ObstacleCode.SHARED_OFFSET,
                "fd 0 of pid " + sleep + " (sleep)",
                "list");
    }

    @Test
    void shouldRefuseFileOnThisNodeOnlyUnlessShared() throws IOException {
        int pid = programs.script("exec 7>out; touch $READY; exec sleep 600");
        programs.descendant(pid, "sleep 600");
        assertOnly(
                programs.check(pid),
                ObstacleCode.NOT_SHARED,
                "fd 7 of pid " + pid + " (sleep)",
                "out open for writing");
        PreflightPolicy shared = PreflightPolicy.defaults().withShared(List.of(folder.toString()));
        assertThat(programs.check(pid, shared).obstacles()).isEmpty();
        assertThat(FileNeeds.sharedFolders(programs.facts(pid), shared))
                .containsExactly(folder.toString());
    }

    @Test
    void shouldNameTcpSocket() throws IOException {
        int pid =
                programs.script(
                        "exec python3 -c \"import socket,time,os; s=socket.create_server(('127.0.0.1',0)); "
                                + "c=socket.create_connection(s.getsockname()); os.makedirs('$READY', exist_ok=True); time.sleep(600)\"");
        PreflightReport report = programs.check(pid);
        assertThat(report.obstacles())
                .hasSize(2)
                .allMatch(o -> o.code() == ObstacleCode.INET_SOCKET);
        assertThat(report.obstacles().getFirst().line())
                .contains(
                        "fd 3 of pid " + pid + " (python3)",
                        "TCP socket 127.0.0.1:",
                        "LISTEN",
                        "network connections");
    }

    @Test
    void shouldLetSocketPairInsideMoveAndNamePeerOutside() throws IOException {
        int pid =
                programs.script(
                        """
                        exec python3 -c "
                        import socket,time,os
                        a,b=socket.socketpair()
                        p=os.fork()
                        (b if p else a).close()
                        os.mkdir('$READY' if p else 'child')
                        time.sleep(600)"
                        """);
        Awaitility.await().until(() -> Files.exists(folder.resolve("child")));
        int child = programs.proc.children(pid).iterator().next();
        assertThat(programs.check(pid).obstacles()).isEmpty();
        assertOnly(
                programs.check(child),
                ObstacleCode.UNIX_PEER,
                "fd 4 of pid " + child + " (python3)",
                "connected to pid " + pid + " (python3)");
        var streams = new PreflightPolicy(0, 0, true, List.of(), 0, true, false, false);
        PreflightReport carried = programs.check(child, streams);
        assertThat(carried.obstacles()).isEmpty();
        assertThat(carried.streams().streams())
                .extracting(ExternalStream::kind)
                .containsExactly(StreamKind.UNIX);
    }

    @Test
    void shouldRefuseDeletedFileOverLimit() throws IOException {
        int pid =
                programs.script(
                        "exec 5>small 6>big; echo x >&5; head -c 3000000 /dev/zero >&6; rm small big; touch $READY; exec sleep 600");
        programs.descendant(pid, "sleep 600");
        assertOnly(programs.check(pid), ObstacleCode.DELETED_FILE, "fd 6 of pid " + pid, "2.9 MiB");
    }

    @Test
    void shouldRefuseZombieAndNameParent() throws IOException {
        int pid =
                programs.script(
                        "exec python3 -c \"import os,time; p=os.fork(); p or os._exit(3); "
                                + "os.makedirs('$READY', exist_ok=True); time.sleep(600)\"");
        int child = programs.proc.children(pid).iterator().next();
        Awaitility.await()
                .until(() -> programs.proc.stat(child).filter(s -> s.zombie()).isPresent());
        assertOnly(programs.check(child), ObstacleCode.ZOMBIE, "pid " + child, "pid " + pid);
        PreflightReport parent = programs.check(pid);
        assertOnly(parent, ObstacleCode.ZOMBIE_IN_TREE, "pid " + child, "Try again");
        assertThat(parent.worthRetrying()).isTrue();
    }

    @Test
    void shouldRefusePtraced() throws Exception {
        Optional<Path> tracer =
                programs.compile(
                        "tracer",
                        """
                #include <sys/ptrace.h>
                #include <sys/wait.h>
                #include <unistd.h>
                #include <signal.h>
                #include <sys/stat.h>
                int main(int argc, char **argv) {
                    int p = fork();
                    if (!p) { for (;;) pause(); }
                    if (ptrace(PTRACE_SEIZE, p, 0, 0)) return 1;
                    mkdir(argv[1], 0700);
                    pause();
                    return 0;
                }
                """);
        assumeTrue(tracer.isPresent(), "requires gcc");
        int pid = programs.script("exec " + tracer.get() + " $READY");
        int child = programs.proc.children(pid).iterator().next();
        assertOnly(
                programs.check(child),
                ObstacleCode.PTRACED,
                "pid " + child + " (tracer)",
                "traced by pid " + pid + " (tracer)");
    }

    @Test
    void shouldRefuseIoUring() throws Exception {
        Optional<Path> ring =
                programs.compile(
                        "ring",
                        """
                #include <sys/syscall.h>
                #include <unistd.h>
                #include <string.h>
                #include <sys/stat.h>
                int main(int argc, char **argv) {
                    char params[256];
                    memset(params, 0, sizeof params);
                    int fd = syscall(425, 8, params);
                    mkdir(fd < 0 ? argv[2] : argv[1], 0700);
                    mkdir(argv[1], 0700);
                    pause();
                    return 0;
                }
                """);
        assumeTrue(ring.isPresent(), "requires gcc");
        int pid = programs.script("exec " + ring.get() + " $READY " + folder.resolve("refused"));
        assumeTrue(
                !Files.exists(folder.resolve("refused")), "requires a kernel that allows io_uring");
        assertOnly(
                programs.check(pid),
                ObstacleCode.IO_URING,
                "fd 3 of pid " + pid + " (ring)",
                "io_uring");
    }

    @Test
    void shouldRefuseKernelThreadInitAndUnknown() {
        int kthread =
                programs.proc.samples().stream()
                        .filter(s -> s.kernelThread())
                        .map(s -> s.pid())
                        .findFirst()
                        .orElse(0);
        if (kthread > 0) {
            assertOnly(
                    programs.check(kthread),
                    ObstacleCode.KERNEL_THREAD,
                    "pid " + kthread,
                    "kernel");
        }
        assertOnly(programs.check(1), ObstacleCode.INIT, "pid 1", "first process");
        assertOnly(programs.check(0x3ffffff), ObstacleCode.UNKNOWN_PID, "pid 67108863", "mig ps");
    }

    @Test
    void shouldRefuseOtherUsersProcessWithoutTellingWhatItIs() throws IOException {
        int pid = programs.script("touch $READY; exec sleep 600");
        programs.descendant(pid, "sleep 600");
        PreflightReport report =
                programs.check(pid, PreflightPolicy.defaults().withCaller(4711, 0));
        assertOnly(report, ObstacleCode.OTHER_USER, "pid " + pid, "uid 4711");
        assertThat(report.obstacles().getFirst().line()).doesNotContain("sleep");
    }

    @Test
    void shouldRefuseAgentAndItsAncestors() throws IOException {
        int pid = programs.script("touch $READY; sleep 600 & wait");
        int child = programs.descendant(pid, "sleep 600");
        AgentFacts a = programs.agent;
        AgentFacts agent =
                new AgentFacts(
                        a.node(),
                        child,
                        List.of(pid, 1),
                        a.namespaces(),
                        a.root(),
                        0,
                        List.of(),
                        java.util.Set.of());
        for (int p : List.of(pid, child)) {
            SourceFacts facts = programs.reader.read(p, agent, Optional.empty());
            assertOnly(
                    Preflight.check(facts, Optional.empty(), PreflightPolicy.defaults()),
                    ObstacleCode.AGENT,
                    "pid " + p,
                    "agent");
        }
    }

    @Test
    void shouldRefuseMakeJobserverPipeOfPart() throws IOException {
        Files.writeString(
                folder.resolve("Makefile"),
                "all: ; +@touch $(READY); exec sleep 600\nother: ; @true\n");
        int pid = programs.script("exec make -j2 READY=$READY all other");
        int job = programs.descendant(pid, "sleep 600");
        PreflightReport part =
                programs.check(job, PreflightPolicy.defaults().withShared(List.of("/tmp")));
        assertThat(part.obstacles())
                .hasSize(1)
                .allMatch(
                        o ->
                                o.code() == ObstacleCode.PIPE_BOTH_WAYS
                                        || o.code() == ObstacleCode.FIFO);
        PreflightReport whole =
                programs.check(pid, PreflightPolicy.defaults().withShared(List.of("/tmp")));
        assertThat(whole.obstacles()).allMatch(o -> o.code() == ObstacleCode.FIFO);
        if (part.obstacles().getFirst().code() == ObstacleCode.PIPE_BOTH_WAYS) {
            var both = new PreflightPolicy(0, 0, true, List.of("/tmp"), 0, false, true, false);
            assertThat(programs.check(job, both).streams().streams())
                    .extracting(ExternalStream::kind, ExternalStream::demand)
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple(StreamKind.PIPE_IN, true),
                            org.assertj.core.groups.Tuple.tuple(StreamKind.PIPE_OUT, false));
        }
    }

    @Test
    void shouldDemandInputThatXargsReadsToo() throws IOException {
        int pid =
                programs.script(
                        "(echo 1 2 3 4; sleep 600) | xargs -n1 -P2 sh -c 'touch $READY; exec sleep 60$0' & wait");
        int job = programs.descendant(pid, "sleep 601");
        PreflightReport report = programs.check(job);
        // xargs gives its children /dev/null as input: nothing to carry.
        assertThat(report.obstacles()).isEmpty();
        assertThat(report.streams().streams()).isEmpty();
        int xargs = programs.descendant(pid, "xargs");
        assertThat(programs.check(xargs).streams().streams())
                .extracting(ExternalStream::kind, ExternalStream::demand)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(StreamKind.PIPE_IN, false));
    }

    @Test
    void shouldDemandInputThatParentShellReadsToo() throws IOException {
        int pid = programs.script("(sleep 601) | (touch $READY; sleep 600; cat) & wait");
        int reader = programs.descendant(pid, "sleep 600");
        assertThat(programs.check(reader).streams().streams())
                .extracting(ExternalStream::kind, ExternalStream::demand)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(StreamKind.PIPE_IN, true));
    }

    @Test
    void shouldRefuseHeldLock() throws IOException {
        int pid =
                programs.script(
                        "exec python3 -c \"import fcntl,os,time; f=open('db','w'); fcntl.lockf(f, fcntl.LOCK_EX); "
                                + "os.makedirs('$READY', exist_ok=True); time.sleep(600)\"");
        PreflightReport report =
                programs.check(
                        pid, PreflightPolicy.defaults().withShared(List.of(folder.toString())));
        assertOnly(report, ObstacleCode.FILE_LOCK, "fd 3 of pid " + pid, "posix, write");
        assertThat(report.worthRetrying()).isTrue();
        assertThat(programs.proc.locksHeldBy(programs.facts(pid).tree().orElseThrow())).hasSize(1);
    }

    @Test
    void shouldRefuseMemorySharedWithParent() throws IOException {
        int pid =
                programs.script(
                        "exec python3 -c \"import mmap,os,time; m=mmap.mmap(-1,8192); p=os.fork(); "
                                + "os.makedirs('$READY', exist_ok=True); time.sleep(600)\"");
        int child = programs.proc.children(pid).iterator().next();
        assertThat(programs.check(pid).obstacles()).isEmpty();
        assertOnly(
                programs.check(child),
                ObstacleCode.SHARED_MEMORY,
                "pid " + child,
                "pid " + pid + " (python3)");
    }

    @Test
    void shouldLetJvmMoveByDeletingItsCounters() throws IOException {
        Files.writeString(
                folder.resolve("Sleep.java"),
                "public class Sleep { public static void main(String[] a) throws Exception {"
                        + " new java.io.File(a[0]).createNewFile(); Thread.sleep(600000); } }");
        int pid =
                programs.script(
                        "exec " + System.getProperty("java.home") + "/bin/java Sleep.java $READY");
        PreflightReport report = programs.check(pid);
        assertThat(report.obstacles()).isEmpty();
        assertThat(Preflight.deleteBeforeDump(programs.facts(pid)))
                .singleElement()
                .asString()
                .endsWith("/" + pid);
    }

    @Test
    void shouldRefuseChangedLibraryAndHiddenFile() throws IOException {
        Files.writeString(folder.resolve("data"), "old");
        int pid =
                programs.script(
                        "exec 5<data; mv data elsewhere; echo new > data; touch $READY; exec sleep 600");
        programs.descendant(pid, "sleep 600");
        // The kernel follows the rename: the file is found under its new name.
        assertThat(programs.check(pid).obstacles()).isEmpty();
        Files.move(
                folder.resolve("data"),
                folder.resolve("elsewhere"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        // Now it is deleted, small, and held by nobody else: it travels along.
        assertThat(programs.check(pid).obstacles()).isEmpty();
    }

    @Test
    void shouldNameSessionLeaderWithTerminalAndForeignTerminal() throws IOException {
        int pid =
                programs.script(
                        "exec python3 -c \"import pty,os,time; p,m=pty.fork(); "
                                + "p or os.execvp('sleep',['sleep','600']); os.makedirs('$READY', exist_ok=True); time.sleep(600)\"");
        int leader = programs.descendant(pid, "sleep 600");
        PreflightReport report = programs.check(leader);
        assertOnly(
                report, ObstacleCode.SESSION_LEADER, "pid " + leader + " (sleep)", "login shell");
        assertThat(report.streams().tty()).isPresent();
        assertThat(programs.check(pid).obstacles())
                .extracting(Obstacle::code)
                .contains(ObstacleCode.PTY_MASTER);
    }

    @Test
    void shouldCarryTerminalOfJob() throws IOException {
        int pid =
                programs.script(
                        "exec python3 -c \"import pty,os,time; p,m=pty.fork(); "
                                + "p or os.execvp('sh',['sh','-c','sleep 600; :']); os.makedirs('$READY', exist_ok=True); time.sleep(600)\"");
        int job = programs.descendant(pid, "sleep 600");
        PreflightReport report = programs.check(job);
        assertThat(report.obstacles()).isEmpty();
        ExternalStream tty = report.streams().tty().orElseThrow();
        assertThat(tty.holders()).extracting(h -> h.fd()).containsExactly(0, 1, 2);
        assertThat(tty.criuKey()).matches("tty\\[88[0-9a-f]{2}:[0-9a-f]+]");
    }

    @Test
    void shouldSeeOnSecondLookWhatWasOpenedMeanwhile() throws IOException {
        Path go = folder.resolve("go");
        int pid =
                programs.script(
                        """
                        exec python3 -c "
                        import os,socket,time
                        os.makedirs('$READY', exist_ok=True)
                        while not os.path.exists('go'): time.sleep(0.01)
                        s=socket.create_server(('127.0.0.1',0)); os.mkdir('went'); time.sleep(600)"
                        """);
        SourceFacts before = programs.facts(pid);
        assertThat(
                        Preflight.check(before, Optional.empty(), PreflightPolicy.defaults())
                                .obstacles())
                .isEmpty();
        long start = System.nanoTime();
        SourceFacts same = programs.reader.reread(before, Optional.empty());
        System.out.printf(
                "second look at an unchanged tree: %d us%n", (System.nanoTime() - start) / 1000);
        assertThat(same.openFiles()).hasSameSizeAs(before.openFiles());
        assertThat(Preflight.check(same, Optional.empty(), PreflightPolicy.defaults()).obstacles())
                .isEmpty();
        Files.createFile(go);
        Awaitility.await().until(() -> Files.exists(folder.resolve("went")));
        SourceFacts after = programs.reader.reread(before, Optional.empty());
        assertOnly(
                Preflight.check(after, Optional.empty(), PreflightPolicy.defaults()),
                ObstacleCode.INET_SOCKET,
                "fd 3 of pid " + pid,
                "LISTEN");
    }

    private static void assertOnly(
            PreflightReport report, ObstacleCode code, String subject, String text) {
        assertThat(report.obstacles()).as("%s", report.obstacles()).hasSize(1);
        Obstacle o = report.obstacles().getFirst();
        assertThat(o.code()).isEqualTo(code);
        assertThat(o.subject()).startsWith(subject);
        assertThat(o.line()).contains(text);
    }
}
