package io.mig.ctl.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.ctl.host.HostCommand;
import io.mig.ctl.host.HostMounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requires root. Each test makes a lab of its own and checks that nothing is left of it. */
@Timeout(60)
class LabIT {
    private static final LabNode ONE = new LabNode(1);
    private static final LabNode TWO = new LabNode(2);
    private static final Path CRIU = Path.of("/opt/mig/criu/criu");

    private final LabName name = new LabName("it" + ProcessHandle.current().pid());
    private final Path home = LabMain.home();

    private static Lab lab(LabName name, Path home) {
        return Lab.of(name, home);
    }

    @BeforeEach
    void needsRoot() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
    }

    @AfterEach
    void leavesNothing() throws IOException {
        Lab lab = lab(name, home);
        lab.down();
        assertThat(lab.exists()).isFalse();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(name.value());
        assertThat(processesOf(name)).isEmpty();
    }

    @Test
    void shouldGiveEachNodeItsOwnWorldWhenUp() {
        Lab lab = lab(name, home);
        lab.up(Lab.Plan.bare(2));

        assertThat(sh(lab, ONE, "hostname; cat /proc/sys/kernel/ns_last_pid"))
                .startsWith("node1\n20");
        assertThat(sh(lab, TWO, "hostname; cat /proc/sys/kernel/ns_last_pid"))
                .startsWith("node2\n40");
        sh(lab, ONE, "echo x >/etc/only-here; echo y >/shared/everywhere");
        assertThat(sh(lab, TWO, "ls /etc/only-here 2>&1; cat /shared/everywhere"))
                .contains("No such file", "y");
        assertThat(Path.of("/etc/only-here")).doesNotExist();
        assertThat(
                        sh(
                                lab,
                                ONE,
                                "cat /proc/self/cgroup | grep ^0; cat /sys/fs/cgroup/cgroup.type 2>&1; echo done"))
                .startsWith("0::/user\ndomain\n");
        assertThat(reachable(lab, ONE, TWO)).isTrue();
    }

    @Test
    void shouldReapWhenOrphansDie() {
        Lab lab = lab(name, home);
        lab.up(Lab.Plan.bare(1));

        sh(lab, ONE, "for i in 1 2 3 4 5 6 7 8; do (sleep 0.1 & ); done");

        Awaitility.await()
                .untilAsserted(
                        () ->
                                assertThat(
                                                sh(
                                                        lab,
                                                        ONE,
                                                        "ps axo stat,args | grep -c '^Z\\|slee[p] 0.1'; true"))
                                        .isEqualTo("0"));
    }

    @Test
    void shouldEndEverythingAtOnceAndKeepFilesWhenKilledAndStarted() {
        Lab lab = lab(name, home);
        lab.up(Lab.Plan.bare(2));
        sh(
                lab,
                ONE,
                "echo a >/root/file; echo b >/var/lib/mig/file; setsid sleep 1000 </dev/null >/dev/null 2>&1 &");
        sh(lab, ONE, "mkdir /sys/fs/cgroup/left-over");

        lab.kill(ONE);

        assertThat(lab.list().getFirst().up()).isFalse();
        assertThat(reachable(lab, TWO, ONE)).isFalse();
        assertThatThrownBy(() -> lab.exec(ONE, List.of("true")))
                .hasMessageContaining("mig lab start node1");

        lab.start(ONE, Map.of());

        assertThat(
                        sh(
                                lab,
                                ONE,
                                "cat /root/file /var/lib/mig/file; ls -d /sys/fs/cgroup/left-over 2>&1; pgrep -c sleep"))
                .startsWith("a\nb\n")
                .contains("No such file")
                .endsWith("0");
        assertThat(reachable(lab, TWO, ONE)).isTrue();
    }

    @Test
    void shouldLosePacketsSilentlyWhenCut() {
        Lab lab = lab(name, home);
        lab.up(Lab.Plan.bare(3));
        LabNode three = new LabNode(3);

        lab.cut(ONE, TWO);

        assertThat(reachable(lab, ONE, TWO)).isFalse();
        assertThat(reachable(lab, TWO, ONE)).isFalse();
        assertThat(reachable(lab, ONE, three)).isTrue();
        lab.kill(TWO);
        lab.start(TWO, Map.of());
        assertThat(reachable(lab, TWO, ONE)).as("a cut outlives a power cut").isFalse();
        assertThat(lab.list().getFirst().cutFrom()).containsExactly(TWO);

        lab.heal();

        assertThat(reachable(lab, ONE, TWO)).isTrue();
        assertThat(reachable(lab, TWO, ONE)).isTrue();
    }

    @Test
    void shouldLimitTheRateWhenLinked() {
        Lab lab = lab(name, home);
        lab.up(Lab.Plan.bare(2));

        lab.link(ONE, Optional.of("10mbit"));
        assertThat(sh(lab, ONE, "tc qdisc show dev eth0")).contains("tbf", "rate 10Mbit");
        assertThat(lab.list().getFirst().rate()).contains("10mbit");

        lab.link(ONE, Optional.empty());
        assertThat(sh(lab, ONE, "tc qdisc show dev eth0")).doesNotContain("tbf");
    }

    @Test
    void shouldRefuseWhenUpTwice() {
        Lab lab = lab(name, home);
        lab.up(Lab.Plan.bare(1));

        assertThatThrownBy(() -> lab.up(Lab.Plan.bare(1))).hasMessageContaining("already up");
        assertThat(lab.list().getFirst().up()).isTrue();
    }

    @Test
    void shouldCleanUpAndStartAgainWhenTheLastLabCrashed() {
        Lab lab = lab(name, home);
        lab.up(Lab.Plan.bare(2));
        long holder = LabPlace.of(name, HostMounts.read(), home).holder().orElseThrow().pid();
        ProcessHandle.of(holder).orElseThrow().destroyForcibly();
        Awaitility.await().until(() -> ProcessHandle.of(holder).isEmpty());

        lab.up(Lab.Plan.bare(1));

        assertThat(lab.list()).hasSize(1);
    }

    @Test
    void shouldLeaveNothingWhenUpFails() {
        Lab lab = lab(name, home);

        assertThatThrownBy(
                        () ->
                                lab.up(
                                        new Lab.Plan(
                                                1, "1x", OptionalDouble.empty(), false, Map.of())))
                .hasMessageContaining("holder");

        assertThat(lab.exists()).isFalse();
    }

    @Test
    void shouldMoveAProcessByHandWhenCriuIsThere() {
        assumeThat(CRIU)
                .as("CRIU is not installed; run criu-bridge/setup/install-criu.sh")
                .isExecutable();
        Lab lab = lab(name, home);
        lab.up(Lab.Plan.bare(2));
        String pid = sh(lab, ONE, "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!");

        sh(
                lab,
                ONE,
                "g=/sys/fs/cgroup/move; mkdir $g /shared/img; echo "
                        + pid
                        + " >$g/cgroup.procs; echo 1 >$g/cgroup.freeze;"
                        + " until grep -q 'frozen 1' $g/cgroup.events; do sleep 0.01; done; "
                        + CRIU
                        + " dump -t "
                        + pid
                        + " -D /shared/img --leave-running --freeze-cgroup $g"
                        + " --manage-cgroups=ignore --shell-job -o dump.log");
        sh(lab, ONE, "kill -KILL " + pid);
        sh(
                lab,
                TWO,
                CRIU
                        + " restore -D /shared/img -d --manage-cgroups=ignore --shell-job -o restore.log");

        assertThat(sh(lab, TWO, "cat /proc/" + pid + "/comm")).isEqualTo("sleep");
        assertThat(Integer.parseInt(pid)).isBetween(2000, 3999);
    }

    private static String sh(Lab lab, LabNode node, String script) {
        HostCommand.Outcome outcome = lab.exec(node, List.of("sh", "-c", script));
        assertThat(outcome.status())
                .as(node + ": " + script + "\n" + outcome.output())
                .isLessThan(2);
        return outcome.output();
    }

    /** A refused connection is an answer of the other node's kernel; a lost packet is none. */
    private static boolean reachable(Lab lab, LabNode from, LabNode to) {
        return lab.exec(from, List.of("timeout", "1", "bash", "-c", "echo >/dev/tcp/" + to + "/9"))
                .output()
                .contains("refused");
    }

    private static List<String> processesOf(LabName name) {
        return ProcessHandle.allProcesses()
                .map(p -> commandLine(p.pid()))
                .filter(line -> line.contains("/" + name + "/") || line.contains("mig-lab-" + name))
                .toList();
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"))
                    .replace('\0', ' ');
        } catch (IOException e) {
            return ""; // it has ended
        }
    }
}
