package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.testkit.LabDriver;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** What cannot be moved is refused in one clear line and stays untouched. Needs root. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputIT {
    private final LabDriver lab =
            new LabDriver(Counters.home(), "badit" + ProcessHandle.current().pid());

    @BeforeAll
    void up() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        lab.up(4);
        lab.mig(List.of("lab", "kill", "node3")).must();
    }

    @AfterAll
    void down() {
        lab.close();
    }

    private void refused(String pid, String node, String why) {
        LabDriver.Answer answer = lab.exec("node1", "mig", "migrate", pid, node);
        assertThat(answer.status()).as(answer.toString()).isNotZero();
        assertThat(answer.err()).startsWith("mig migrate: ").containsPattern("(?i)" + why);
        assertThat(answer.err().lines().filter(l -> l.startsWith("\tat "))).isEmpty();
    }

    private String sleeper() {
        return lab.sh("node1", "setsid sleep 300 </dev/null >/dev/null 2>&1 & echo $!").must();
    }

    private void untouchedThenEnd(String pid) {
        assertThat(lab.exec("node1", "ps", "-o", "stat=", "-p", pid).out()).startsWith("S");
        lab.exec("node1", "kill", "-9", pid).must();
    }

    @Test
    void shouldRefuseWhenPidIsUnknown() {
        refused("3999999", "node2", "3999999");
    }

    @Test
    void shouldRefuseWhenItIsInit() {
        refused("1", "node2", "1");
    }

    @Test
    void shouldRefuseWhenItIsTheAgent() {
        String agent = lab.exec("node1", "pgrep", "-o", "-f", "AgentMain").must();
        refused(agent, "node2", "agent|mig");
    }

    @Test
    void shouldRefuseWhenNodeIsUnknown() {
        String pid = sleeper();
        refused(pid, "node9", "node9");
        untouchedThenEnd(pid);
    }

    @Test
    void shouldRefuseWhenNodeIsDead() {
        String pid = sleeper();
        refused(pid, "node3", "node3");
        untouchedThenEnd(pid);
    }

    @Test
    void shouldRefuseWhenItIsTraced() {
        String pid = sleeper();
        String trace =
                "setsid perl -e '$p = $ARGV[0] + 0; syscall(101, 16902, $p, 0, 0); sleep 60' "
                        + pid
                        + " </dev/null >/dev/null 2>&1 & echo $!";
        String tracer = lab.sh("node1", trace).must();
        lab.sh(
                        "node1",
                        "for i in $(seq 50); do grep -q TracerPid:.*"
                                + tracer
                                + " /proc/"
                                + pid
                                + "/status && exit; sleep 0.1; done; exit 1")
                .must();
        refused(pid, "node2", "trac|debug");
        lab.exec("node1", "kill", "-9", tracer).must();
        lab.exec("node1", "kill", "-9", pid).must();
    }

    @Test
    void shouldRefuseWhenItIsAZombie() {
        String parent =
                lab.sh(
                                "node1",
                                "setsid bash -c 'true & exec sleep 60' </dev/null >/dev/null 2>&1 & echo $!")
                        .must();
        String zombie =
                lab.sh(
                                "node1",
                                "for i in $(seq 50); do z=$(ps -o pid=,stat= --ppid "
                                        + parent
                                        + " | awk '$2 ~ /^Z/ {print $1}'); [ -n \"$z\" ] && echo $z && exit; sleep 0.1; done; exit 1")
                        .must();
        refused(zombie, "node2", "zombie|ended|dead");
        lab.exec("node1", "kill", "-9", parent).must();
    }

    @Test
    void shouldRefuseWhenProcessBelongsToAnotherUser() {
        String pid = sleeper();
        LabDriver.Answer answer =
                lab.exec(
                        "node1",
                        "setpriv",
                        "--reuid=4711",
                        "--regid=4711",
                        "--clear-groups",
                        "mig",
                        "migrate",
                        pid,
                        "node2");
        assertThat(answer.status()).as(answer.toString()).isNotZero();
        assertThat(answer.err()).startsWith("mig migrate: ").containsPattern("user|owner|uid");
        untouchedThenEnd(pid);
    }

    @Test
    void shouldGoOnServingWhenPortsGetGarbage() {
        for (String port : List.of("7420", "7421")) {
            lab.sh(
                            "node2",
                            "for i in 1 2 3; do head -c 70000 /dev/urandom 2>/dev/null >/dev/tcp/node1/"
                                    + port
                                    + " || true; done 2>/dev/null; echo sent")
                    .must();
        }
        String pid = sleeper();
        lab.exec("node1", "mig", "migrate", pid, "node2").must();
        lab.exec("node1", "mig", "home", pid).must();
        untouchedThenEnd(pid);
    }

    @Test
    void shouldRefuseWhenProcessUsesIoUring() {
        String pid =
                lab.sh(
                                "node1",
                                "setsid perl -e '$p = \"\\0\" x 120; $f = syscall(425, 4, $p); sleep 60'"
                                        + " </dev/null >/dev/null 2>&1 & echo $!")
                        .must();
        Awaitility.await()
                .until(
                        () ->
                                lab.sh("node1", "ls -l /proc/" + pid + "/fd")
                                                .out()
                                                .contains("io_uring")
                                        || lab.sh("node1", "cat /proc/sys/kernel/io_uring_disabled")
                                                .out()
                                                .equals("2"));
        assumeThat(lab.sh("node1", "ls -l /proc/" + pid + "/fd").out())
                .as("SKIPPED: this kernel allows no io_uring")
                .contains("io_uring");
        refused(pid, "node2", "io_uring");
        untouchedThenEnd(pid);
    }

    /** Restarts node4's agent with something more in its configuration. */
    private void configure(String more) {
        lab.sh(
                        "node4",
                        "cd /etc/mig; cp -n agent.toml agent.lab; (cat agent.lab; printf '"
                                + more
                                + "') >agent.toml")
                .must();
        lab.mig(List.of("lab", "agent", "node4", "restart")).must();
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(
                        () ->
                                lab.exec("node1", "mig", "nodes")
                                        .out()
                                        .lines()
                                        .anyMatch(l -> l.matches("node4 +up .*")));
    }

    @Test
    void shouldRefuseWhenNodeIsFull() {
        configure("[guests]\\nmax = 1\\n");
        String first = sleeper();
        lab.exec("node1", "mig", "migrate", first, "node4").must();
        String second = sleeper();
        refused(second, "node4", "1 guests of at most 1");
        untouchedThenEnd(second);
        lab.exec("node1", "kill", "-9", first).must();
    }

    @Test
    void shouldRefuseWhenProcessorsOfNodeLackFeatures() {
        configure("[cpu]\\nhidden_flags = [\"sse4_2\"]\\n");
        String pid = sleeper();
        refused(pid, "node4", "processors lack sse4_2");
        untouchedThenEnd(pid);
    }
}
