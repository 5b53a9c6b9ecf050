package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.balance.policy.Policy;
import io.mig.balance.policy.PolicyFile;
import io.mig.checkpoint.proc.ProcFs;
import io.mig.model.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Looks at a {@code /proc} made of ordinary files. */
class ManagedScanTest {
    private static final long SECOND = 1_000_000_000L;
    private static final String MARK = "HOME=/root\0MIG_MANAGED=1\0";

    @TempDir private Path proc;
    private ManagedScan scan;
    private long now = 100 * SECOND;

    @BeforeEach
    void aNode() throws IOException {
        Files.writeString(proc.resolve("uptime"), "1000.00 900.00\n");
        process((int) ProcessHandle.current().pid(), 1, "agent", "");
        scan =
                new ManagedScan(
                        new NodeId("home"),
                        new ProcFs(proc),
                        proc,
                        new Accounts(proc.resolve("none"), proc.resolve("none")),
                        _ -> java.util.Optional.empty(),
                        _ -> 0);
    }

    private void process(int pid, int parent, String command, String environment)
            throws IOException {
        Path directory = proc.resolve(Integer.toString(pid));
        Files.createDirectories(directory.resolve("ns"));
        stat(pid, parent, command, "S", pid == 1 ? 1 : 7, 0, 500);
        Files.writeString(directory.resolve("environ"), environment);
        Files.writeString(directory.resolve("cgroup"), "0::/user.slice\n");
        Files.createSymbolicLink(directory.resolve("ns/pid"), Path.of("pid:[4026531836]"));
        ran(pid, 0);
    }

    private void stat(
            int pid, int parent, String command, String state, int session, int tty, int pages)
            throws IOException {
        Files.writeString(
                proc.resolve(pid + "/stat"),
                pid
                        + " ("
                        + command
                        + ") "
                        + state
                        + " "
                        + parent
                        + " 7 "
                        + session
                        + " "
                        + tty
                        + " -1 64 0 0 0 0 30 20 0 0 20 0 1 0 "
                        + (90_000 + pid)
                        + " 1000000 "
                        + pages
                        + " 0 0\n");
    }

    private void ran(int pid, long nanos) throws IOException {
        Files.writeString(proc.resolve(pid + "/schedstat"), nanos + " " + nanos + " 17\n");
    }

    private List<Managed> look(Policy policy, Integer... deputies) {
        now += SECOND;
        return scan.scan(policy, List.of(), Set.of(deputies), _ -> false, false, now).processes();
    }

    private List<Integer> pids(Integer... deputies) {
        return look(Policy.USUAL, deputies).stream().map(Managed::pid).sorted().toList();
    }

    @Test
    void shouldFindOnlyLeavesOfWhatIsMarked() throws IOException {
        process(1, 0, "init", MARK);
        process(20, 1, "daemon", "");
        process(30, 1, "bash", MARK + "MIG_SHELL=30\0");
        process(31, 30, "make", MARK);
        process(32, 31, "cc", MARK);
        process(33, 31, "cleaned", ""); // its parent is managed, so it is
        process(34, 30, "deputy", MARK);

        assertThat(pids(34)).containsExactly(32, 33);
    }

    @Test
    void shouldLeaveTheShellLeadersWithTerminalsAndOtherNamespacesAlone() throws IOException {
        process(30, 1, "bash", MARK + "MIG_SHELL=30\0");
        process(40, 1, "zsh", MARK);
        stat(40, 1, "zsh", "S", 40, 34816, 500);
        process(41, 1, "boxed", MARK);
        Files.delete(proc.resolve("41/ns/pid"));
        Files.createSymbolicLink(proc.resolve("41/ns/pid"), Path.of("pid:[1]"));

        assertThat(pids()).isEmpty();
    }

    @Test
    void shouldTakeWhatThePolicyNamesAndLeaveWhatItExcludes() throws IOException {
        process(50, 1, "blastp", "");
        process(51, 1, "other", "");
        process(52, 1, "editor", MARK);
        Policy policy =
                PolicyFile.parse(
                        "[scope]\ncommands = [\"blast*\"]\nexclude_commands = [\"editor\"]\n");

        assertThat(look(policy)).extracting(Managed::command).containsExactly("blastp");
        assertThat(pids()).as("and all anew with another policy").containsExactly(52);
    }

    @Test
    void shouldMeasureWhatIsWantedAndUsed() throws IOException {
        process(60, 1, "busy", MARK);
        long ran = 0;
        for (int i = 0; i < 12; i++) {
            pids();
            ran += SECOND / 2;
            ran(60, ran);
        }
        Managed busy = look(Policy.USUAL).getFirst();

        assertThat(busy.demand())
                .as("it ran half of the time and waited half of it")
                .isBetween(0.9, 1.0);
        assertThat(busy.cpuSeconds()).isEqualTo(6);
        assertThat(busy.forked()).as("flag 64 of its stat").isTrue();
        assertThat(busy.process().startTicks()).isEqualTo(90_060);
    }

    @Test
    void shouldSeeItsMemoryWithinFourLooksAndItsEndAtOnce() throws IOException {
        process(70, 1, "grows", MARK);
        for (int i = 0; i < 8; i++) {
            assertThat(pids()).containsExactly(70);
        }
        stat(70, 1, "grows", "S", 7, 0, 9000);
        long pages = 0;
        for (int i = 0; i < 4; i++) {
            pages = Math.max(pages, look(Policy.USUAL).getFirst().residentBytes() / 4096);
        }
        assertThat(pages).isEqualTo(9000);

        for (String file : List.of("stat", "environ", "cgroup", "schedstat", "ns/pid", "ns", "")) {
            Files.delete(proc.resolve("70").resolve(file));
        }
        assertThat(pids()).isEmpty();
    }

    @Test
    void shouldNoticeThatSomethingRunsAgainAfterALongRest() throws IOException {
        process(80, 1, "sleeper", MARK);
        for (int i = 0; i < 30; i++) {
            pids();
        }
        assertThat(look(Policy.USUAL).getFirst().demand()).isZero();
        double most = 0;
        for (int i = 1; i <= 8; i++) {
            ran(80, i * SECOND);
            most = Math.max(most, look(Policy.USUAL).getFirst().demand());
        }
        assertThat(most).isGreaterThan(0.5);
    }

    @Test
    void shouldCountOthersThatRunWhenAsked() throws IOException {
        process(90, 1, "other", "");
        stat(90, 1, "other", "R", 7, 0, 500);

        assertThat(scan.scan(Policy.USUAL, List.of(), Set.of(), _ -> false, true, now))
                .satisfies(r -> assertThat(r.runningOthers()).isEqualTo(1))
                .satisfies(r -> assertThat(r.processes()).isEmpty());
    }
}
