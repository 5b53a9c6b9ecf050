package io.mig.checkpoint.proc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sharing between real processes. Requires root: kcmp and other processes' descriptors. */
@Timeout(120)
class FdSharingLiveTest {
    private static final int MANY = 1000;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    private final ProcFs proc = ProcFs.system();
    private final FdSharing sharing = new FdSharing(proc, new LinuxKernelObjects());
    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void needRoot() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "requires root: kcmp of other processes");
    }

    @AfterEach
    void endProcesses() {
        for (Process p : started) {
            p.toHandle().descendants().forEach(ProcessHandle::destroyForcibly);
            p.destroyForcibly();
            p.onExit().join();
        }
    }

    @Test
    void shouldTellSameDescriptionFromSameFile() throws IOException {
        int shell = script("exec 5>f 6>f; sleep 600 5>&5 6>f & sleep 601 & touch ready; wait");
        int child = child(shell, "600");
        TreeFacts tree = proc.tree(child).orElseThrow();
        List<OpenFile> files = sharing.of(tree, Set.of());
        OpenFile five = open(files, 5);
        OpenFile six = open(files, 6);
        assertThat(five.sharedWith()).extracting(Holder::pid, Holder::fd).contains(pair(shell, 5));
        assertThat(five.otherHolders())
                .extracting(Holder::pid, Holder::fd)
                .contains(pair(shell, 6));
        assertThat(six.sharedWith()).isEmpty();
        assertThat(six.otherHolders())
                .extracting(Holder::pid, Holder::fd)
                .contains(pair(shell, 5), pair(shell, 6));
        assertThat(five.sharedWith()).allMatch(h -> h.access() == AccessMode.WRITE);
        assertThat(open(sharing.of(tree, Set.of(shell, child(shell, "601"))), 5).holders())
                .isEmpty();
    }

    @Test
    void shouldGroupMembersOfTreeByDescription() throws IOException {
        int shell = script("exec 5>f; sleep 600 & sleep 601 & touch ready; wait");
        child(shell, "600");
        child(shell, "601");
        TreeFacts tree = proc.tree(shell).orElseThrow();
        OpenFile five = open(sharing.of(tree, Set.of()), 5);
        assertThat(five.members()).hasSize(3);
        assertThat(five.holders()).isEmpty();
    }

    @Test
    void shouldFindHoldersAmongThousandProcessesWithinMilliseconds() throws IOException {
        String loop = "i=0; while [ $i -lt " + MANY + " ]; do sleep 700 & i=$((i+1)); done; ";
        int shell = script("sleep 600 > f & " + loop + "touch ready; wait");
        int child = child(shell, "600");
        TreeFacts tree = proc.tree(child).orElseThrow();
        long[] nanos = new long[15];
        int samples = 0;
        for (int i = 0; i < nanos.length; i++) {
            long start = System.nanoTime();
            sharing.of(tree, Set.of());
            nanos[i] = System.nanoTime() - start;
            samples = proc.samples().size();
        }
        Arrays.sort(nanos);
        Duration best = Duration.ofNanos(nanos[0]);
        System.out.printf(
                "sharing pass over %d processes: best of %d %d ms%n",
                samples, nanos.length, best.toMillis());
        assertThat(samples).isGreaterThan(MANY);
        // About 45 microseconds per process when the machine is idle; generous, because it may be
        // busy.
        assertThat(best).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void shouldNotTakeNewbornChildrenForStrangers() throws IOException {
        int shell = script("exec 5>f; touch ready; while :; do /bin/true; done");
        for (int i = 0; i < 20; i++) {
            TreeFacts tree = proc.tree(shell).orElseThrow();
            assertThat(open(sharing.of(tree, Set.of()), 5).holders()).isEmpty();
        }
    }

    private static OpenFile open(List<OpenFile> files, int fd) {
        return files.stream()
                .filter(f -> f.members().stream().anyMatch(m -> m.fd() == fd))
                .findFirst()
                .orElseThrow();
    }

    private static org.assertj.core.groups.Tuple pair(int pid, int fd) {
        return org.assertj.core.groups.Tuple.tuple(pid, fd);
    }

    private int script(String text) throws IOException {
        Process p =
                new ProcessBuilder("sh", "-c", text)
                        .directory(folder.toFile())
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(Path.of("/dev/null").toFile())
                        .redirectError(Path.of("/dev/null").toFile())
                        .start();
        started.add(p);
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> Files.exists(folder.resolve("ready")));
        return (int) p.pid();
    }

    private int child(int shell, String argument) {
        return Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(
                        () ->
                                proc.children(shell).stream()
                                        .filter(
                                                c ->
                                                        proc.cmdline(c)
                                                                .equals(List.of("sleep", argument)))
                                        .findFirst(),
                        java.util.Optional::isPresent)
                .orElseThrow();
    }
}
