package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.testkit.LabDriver;
import io.mig.testkit.Terminal;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Needs root, CRIU and a lab of three nodes, which all tests of this class share. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MoveIT {
    private final Counters counters = new Counters("moveit");
    private final LabDriver lab = counters.lab();

    @BeforeAll
    void up() {
        counters.up();
    }

    @AfterAll
    void down() {
        counters.close();
    }

    private Terminal shell() {
        Terminal terminal = lab.terminal("node1", null);
        terminal.line("PS1='$ '; cd /shared; echo ready=$((6*7))");
        terminal.expect("ready=42");
        return terminal;
    }

    /** Starts a counter without a terminal that writes its output and status to files. */
    private String daemon(String name, int last) {
        lab.sh(
                        "node1",
                        "cd /shared; rm -f NAME.status; (setsid bash -c 'perl count.pl LAST >NAME.out; echo $? >NAME.status' </dev/null >/dev/null 2>&1 &)"
                                .replace("NAME", name)
                                .replace("LAST", String.valueOf(last)))
                .must();
        return counters.pid("^perl count.pl " + last);
    }

    @Test
    void shouldGoOnAndEndAsUsualWhenBackgroundJobMoves() {
        try (Terminal shell = shell()) {
            shell.line("perl count.pl 301 >job.out &");
            String pid = counters.pid("^perl count.pl 301");
            counters.move(pid, "node2");
            counters.move(pid, "node3");
            shell.line("wait %1; echo status=$?");
            shell.expect("status=7");
        }
        assertThat(lab.exec("node1", "cat", "/shared/job.out").out())
                .isEqualTo(Counters.numbers(301));
    }

    @Test
    void shouldCarryBytesAndEndWhenMiddleOfPipelineMoves() {
        String expected = lab.sh("node1", "seq 400000 | sort | sha256sum").must();
        try (Terminal shell = shell()) {
            // its temporary files are created by name, on whatever node it is
            shell.line("export TMPDIR=/shared");
            shell.line(
                    "(seq 400000; sleep 6) | sort -S 8M --parallel=1 | sha256sum >sum; echo st=${PIPESTATUS[*]}");
            counters.move(counters.pid("^sort -S"), "node2");
            shell.expect("st=0 0 0");
        }
        assertThat(lab.exec("node1", "cat", "/shared/sum").out()).isEqualTo(expected);
    }

    @Test
    void shouldDieOfSigintWhenCtrlCIsTypedWhileAway() {
        try (Terminal shell = shell()) {
            shell.line("perl count.pl 3001");
            String pid = counters.pid("^perl count.pl 3001");
            counters.move(pid, "node2");
            shell.expect("[0-9]+\\r\\n");
            shell.type("\003");
            shell.line("echo status=$?");
            shell.expect("status=130");
        }
    }

    @Test
    void shouldStopAndGoOnWhenCtrlZAndFgAreTypedWhileAway() {
        try (Terminal shell = shell()) {
            shell.line("perl count.pl 402 >stop.out");
            String pid = counters.pid("^perl count.pl 402");
            counters.move(pid, "node2");
            shell.type("\032");
            shell.expect("Stopped");
            assertThat(lab.exec("node1", "ps", "-o", "stat=", "-p", pid).out()).startsWith("T");
            shell.line("fg; echo status=$?");
            shell.expect("status=7");
        }
        assertThat(lab.exec("node1", "cat", "/shared/stop.out").out())
                .isEqualTo(Counters.numbers(402));
    }

    @Test
    void shouldGoOnReadingTheTerminalWhenTheLeaderOfItsGroupIsGone() {
        lab.write(
                "node1",
                "/shared/ask.pl",
                """
                $| = 1;
                use POSIX;
                open my $tty, '<', ttyname(1) or die;
                while (my $line = <$tty>) { chomp $line; print "got $line on ", (uname())[1], ".\n"; exit 5 if $line eq 'end'; }
                """);
        try (Terminal shell = shell()) {
            shell.line("true | perl ask.pl; echo status=$?");
            String pid = counters.pid("^perl ask.pl");
            for (String node : List.of("node2", "node3", "node1")) {
                counters.move(pid, node);
                shell.line("at " + node);
                shell.expect("got at " + node + " on node1\\.");
            }
            shell.line("end");
            shell.expect("status=5");
        }
    }

    @Test
    void shouldTellShellItsExitCodeWhenItEndsAway() {
        String pid = daemon("exit", 203);
        counters.move(pid, "node3");

        assertThat(counters.status("exit")).isEqualTo("7");
        assertThat(lab.exec("node1", "cat", "/shared/exit.out").out())
                .isEqualTo(Counters.numbers(203));
    }

    @Test
    void shouldTellShellTheSignalWhenKilledAway() {
        for (String signal : List.of("TERM:143", "KILL:137", "USR1:138")) {
            int colon = signal.indexOf(':');
            String name = signal.substring(0, colon);
            String pid = daemon("sig" + name, 3004);
            counters.move(pid, "node2");
            lab.exec("node1", "kill", "-" + name, pid).must();

            assertThat(counters.status("sig" + name))
                    .as(name)
                    .isEqualTo(signal.substring(colon + 1));
        }
    }

    @Test
    void shouldLoseNothingAndLeakNothingAfterFiftyHops() {
        String warm = daemon("warm", 405);
        counters.move(warm, "node2");
        counters.move(warm, "node3");
        counters.move(warm, "node1");
        counters.status("warm");
        List<String> before = Counters.NODES.stream().map(this::leftovers).toList();

        int last = 9006;
        String pid = daemon("hops", last);
        List<String> round = List.of("node2", "node3", "node1");
        for (int hop = 0; hop < 50; hop++) {
            counters.move(pid, round.get(hop % 3));
        }
        lab.exec("node1", "kill", "-TERM", pid).must();

        assertThat(counters.status("hops")).isEqualTo("143");
        List<String> lines = lab.exec("node1", "cat", "/shared/hops.out").out().lines().toList();
        assertThat(String.join("\n", lines)).isEqualTo(Counters.numbers(lines.size()));
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () ->
                                assertThat(Counters.NODES.stream().map(this::leftovers).toList())
                                        .isEqualTo(before));
    }

    /**
     * Everything a move could leave on a node: programs, cgroups, mounts, folders, the agent's
     * descriptors.
     */
    private String leftovers(String node) {
        return lab.sh(
                        node,
                        "ps axo comm= | grep -vE '^(ps|sort|grep|bash|uniq|criu)$' | sort | uniq -c;"
                                + " find /sys/fs/cgroup -type d | wc -l; wc -l </proc/self/mountinfo;"
                                + " find /run/mig -xdev -maxdepth 3 -type d | wc -l;"
                                + " find /proc/$(pgrep -o -f AgentMain)/fd -type l -printf '%l\\n' | sed 's/[0-9][0-9]*/N/g' | sort | uniq -c")
                .out();
    }
}
