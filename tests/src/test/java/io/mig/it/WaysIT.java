package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.testkit.LabDriver;
import io.mig.testkit.Terminal;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * However a program was started and whatever it is connected to, it goes on as its starter expects.
 * Needs root, CRIU and a lab of three nodes, which all tests of this class share.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WaysIT {
    private final Counters counters = new Counters("waysit");
    private final LabDriver lab = counters.lab();

    @BeforeAll
    void up() {
        counters.up();
    }

    @AfterAll
    void down() {
        counters.close();
    }

    private void hops(String pattern) {
        String pid = counters.pid(pattern);
        counters.move(pid, "node2");
        counters.move(pid, "node3");
    }

    /** Runs a line of shell in the background, without a terminal; its status goes to a file. */
    private void start(String name, String line) {
        lab.sh(
                        "node1",
                        "cd /shared; (bash -c '("
                                + line
                                + ") >"
                                + name
                                + ".said 2>&1; echo $? >"
                                + name
                                + ".status' </dev/null >/dev/null 2>&1 &)")
                .must();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash --norc", "dash", "zsh -f"})
    void shouldStayAJobOfWhateverShellStartedIt(String shell) {
        String name = shell.substring(0, 4).strip();
        assumeThat(lab.sh("node1", "command -v " + name).status())
                .as("SKIPPED: %s is not installed", name)
                .isZero();
        try (Terminal terminal = lab.terminal("node1", null)) {
            terminal.line("cd /shared; exec " + shell + " -i");
            terminal.line("echo ready=$((6*7))");
            terminal.expect("ready=42");
            terminal.line("perl count.pl 402 >" + name + ".out");
            hops("^perl count.pl 402");
            terminal.type("\032");
            terminal.expect("(?i)stopped|suspended");
            terminal.line("fg; echo status=$?");
            terminal.expect("status=7");
        }
        assertThat(counters.read(name + ".out")).isEqualTo(Counters.numbers(402));
    }

    @Test
    void shouldEndAsUsualWhenStartedByNohup() {
        start("nohup", "nohup perl count.pl 403 >nohup.out");
        hops("^perl count.pl 403");

        assertThat(counters.status("nohup")).isEqualTo("7");
        assertThat(counters.read("nohup.out")).isEqualTo(Counters.numbers(403));
    }

    @Test
    void shouldEndAsUsualWhenStartedByXargs() {
        start("xargs", "echo 404 405 | xargs -P2 -n1 sh -c \"exec perl count.pl \\$0 >x\\$0.out\"");
        hops("^perl count.pl 404");

        assertThat(counters.status("xargs")).as("xargs(1): a command failed").isEqualTo("123");
        assertThat(counters.read("x404.out")).isEqualTo(Counters.numbers(404));
        assertThat(counters.read("x405.out")).isEqualTo(Counters.numbers(405));
    }

    @Test
    void shouldEndAsUsualWhenStartedByMake() {
        lab.write("node1", "/shared/ways.mk", "all: a b\na b: ; perl count.pl 406 >make.$@.out\n");
        start("make", "make -k -j2 -f ways.mk");
        hops("^perl count.pl 406");

        assertThat(counters.status("make")).isEqualTo("2");
        assertThat(counters.read("make.said")).contains("a] Error 7", "b] Error 7");
        assertThat(counters.read("make.a.out")).isEqualTo(Counters.numbers(406));
        assertThat(counters.read("make.b.out")).isEqualTo(Counters.numbers(406));
    }

    @Test
    void shouldGoOnWhenADaemonMoves() {
        lab.sh("node1", "cd /shared; (setsid perl count.pl 407 >daemon.out </dev/null 2>&1 &)")
                .must();
        hops("^perl count.pl 407");

        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .untilAsserted(
                        () ->
                                assertThat(counters.read("daemon.out"))
                                        .isEqualTo(Counters.numbers(407)));
    }

    @Test
    void shouldMoveATreeWhole() {
        start(
                "tree",
                "sh -c \"perl count.pl 408 >t1.out & perl count.pl 409 >t2.out; wait; exit 4\"");
        hops("^sh -c perl count.pl 408");

        assertThat(counters.status("tree")).isEqualTo("4");
        assertThat(counters.read("t1.out")).isEqualTo(Counters.numbers(408));
        assertThat(counters.read("t2.out")).isEqualTo(Counters.numbers(409));
    }

    @Test
    void shouldLeaveOneOffsetToThoseWhoShareAFile() {
        start("group", "{ echo first; perl count.pl 410; echo last; } >group.out");
        hops("^perl count.pl 410");

        assertThat(counters.status("group")).isEqualTo("0");
        assertThat(counters.read("group.out"))
                .isEqualTo("first\n" + Counters.numbers(410) + "\nlast");
    }

    @Test
    void shouldGetSigpipeWhenItsReaderAtHomeEnds() {
        start("sigpipe", "perl count.pl 4011 | head -n 400 >head.out; exit ${PIPESTATUS[0]}");
        hops("^perl count.pl 4011");

        assertThat(counters.status("sigpipe")).isEqualTo("141");
        assertThat(counters.read("head.out")).isEqualTo(Counters.numbers(400));
    }

    @Test
    void shouldWaitForASlowReaderAtHome() {
        lab.write("node1", "/shared/fast.pl", "print \"$_\\n\" for 1 .. 400000; exit 3;\n");
        start("slow", "perl fast.pl | (sleep 8; exec sha256sum) >slow.out; exit ${PIPESTATUS[0]}");
        hops("^perl fast.pl");

        assertThat(counters.status("slow")).isEqualTo("3");
        assertThat(counters.read("slow.out"))
                .isEqualTo(lab.sh("node1", "seq 400000 | sha256sum").must());
    }

    @Test
    void shouldReadEverythingAndTheEndOfAPipeFromHome() {
        lab.write("node1", "/shared/sum.pl", "$s += $_ while <STDIN>; print \"$s\\n\"; exit 5;\n");
        start("stdin", "(sleep 6; seq 200000) | perl sum.pl >stdin.out; exit ${PIPESTATUS[1]}");
        hops("^perl sum.pl");

        assertThat(counters.status("stdin")).isEqualTo("5");
        assertThat(counters.read("stdin.out")).isEqualTo("20000100000");
    }
}
