package io.mig.checkpoint.proc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The readers against real processes of the machine that runs the test; needs no rights beyond its
 * own.
 */
class ProcFsLiveTest {
    private final ProcFs proc = ProcFs.system();
    private final List<Process> started = new java.util.ArrayList<>();

    @AfterEach
    void endProcesses() {
        started.forEach(
                p -> {
                    p.descendants().forEach(ProcessHandle::destroyForcibly);
                    p.destroyForcibly();
                });
    }

    @Test
    void shouldReadOwnProcess() {
        int self = (int) ProcessHandle.current().pid();
        ProcessFacts facts = proc.process(self).orElseThrow();
        assertThat(facts.pid()).isEqualTo(self);
        assertThat(facts.bits()).isEqualTo(64);
        assertThat(facts.exe().path()).endsWith("java");
        assertThat(facts.threads()).hasSizeGreaterThan(3);
        assertThat(facts.mappings())
                .anyMatch(m -> m.path().endsWith("libjvm.so") && m.executable());
        assertThat(facts.namespaces())
                .containsKeys(NamespaceKind.MNT, NamespaceKind.PID, NamespaceKind.NET);
        assertThat(facts.fds()).isNotEmpty();
        assertThat(facts.status().rssBytes()).isGreaterThan(1 << 20);
        assertThat(proc.machine().cpuFlags()).isNotEmpty();
        assertThat(proc.machine().memoryAvailableBytes()).isPositive();
    }

    @Test
    void shouldSeeWholeTreeParentsFirst() throws IOException {
        Process shell = start("sh", "-c", "(sleep 600; :) & sleep 600; :");
        int pid = (int) shell.pid();
        Awaitility.await().until(() -> proc.members(pid).size() == 4);
        TreeFacts tree = proc.tree(pid).orElseThrow();
        assertThat(tree.stable()).isTrue();
        assertThat(tree.processes()).hasSize(4);
        assertThat(tree.root().comm()).isEqualTo("sh");
        for (int i = 1; i < 4; i++) {
            int parent = tree.processes().get(i).ppid();
            assertThat(tree.processes().subList(0, i)).anyMatch(p -> p.pid() == parent);
        }
        assertThat(proc.ancestors(tree.processes().getLast().pid()))
                .contains(pid, (int) ProcessHandle.current().pid());
    }

    @Test
    void shouldBeEmptyWhenProcessIsGone() throws Exception {
        Process gone = start("true");
        gone.waitFor();
        assertThat(proc.process((int) gone.pid())).isEmpty();
        assertThat(proc.tree((int) gone.pid())).isEmpty();
        assertThat(proc.sample((int) gone.pid())).isEmpty();
        assertThat(proc.cmdline((int) gone.pid())).isEmpty();
    }

    @Test
    void shouldSampleEveryProcess() throws IOException {
        Process sleeper = start("sleep", "600");
        assertThat(proc.samples())
                .anyMatch(
                        s -> s.pid() == sleeper.pid() && s.ppid() == ProcessHandle.current().pid());
        assertThat(proc.cmdline((int) sleeper.pid())).contains("600");
    }

    private Process start(String... command) throws IOException {
        Process p = new ProcessBuilder(command).start();
        started.add(p);
        return p;
    }
}
