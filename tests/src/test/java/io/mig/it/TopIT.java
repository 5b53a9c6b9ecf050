package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.balance.policy.Policy;
import io.mig.balance.sim.Laboratory;
import io.mig.balance.sim.Physics;
import io.mig.balance.sim.Scenario;
import io.mig.balance.sim.ScenarioFile;
import io.mig.balance.sim.SimJob;
import io.mig.balance.sim.Strategy;
import io.mig.testkit.LabDriver;
import io.mig.testkit.Sleepers;
import io.mig.testkit.Terminal;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** {@code mig top} on a terminal of 80x24, with a person's keys. Needs root and a lab. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TopIT {
    private static final String RECORD =
            """
            export MIG_BUILD=never
            mig record /run/trace & record=$!
            until [ -s /run/trace ]; do sleep 0.1; done
            mig run perl -e \
                'for (1..3) { fork or do { $x += $_ for 1..100_000_000; exit } } 1 while wait > 0;'
            kill $record
            wait $record
            grep -c ^job /run/trace
            """;

    private final LabDriver lab =
            new LabDriver(Counters.home(), "topit" + ProcessHandle.current().pid());

    @BeforeAll
    void up() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        lab.up(2);
        Sleepers.build(lab);
        Sleepers.start(lab, "node1", 3);
        lab.awaitUp(List.of("node1", "node2"));
        Sleepers.await(lab, 3);
    }

    @AfterAll
    void down() {
        lab.close();
    }

    @Test
    void shouldMovePinDrainAndLeaveTheTerminalAsItWasWhenKeysArePressed() {
        try (Terminal terminal = lab.terminal("node1", null)) {
            terminal.line("PS1='rea''dy> '; stty -g >/run/before");
            terminal.expect("ready> $");
            terminal.line("mig top");
            terminal.expect("mig top: 2 nodes, 3 processes, 0 away from home, by node");
            terminal.expect("q quit");
            assertThat(frame(terminal)).hasSize(24).allMatch(line -> line.length() <= 80);

            terminal.type("s");
            terminal.expect("away from home, by process");
            terminal.type("s");
            terminal.expect("away from home, by cpu");
            terminal.type("\u001b[B");
            String chosen = terminal.expect("\r\n> (node1:[0-9]+) ").group(1);
            terminal.type("p");
            terminal.expect("node1:[0-9]+ is pinned");
            terminal.expect("sleepers pinned");
            terminal.type("u");
            terminal.expect("is free to move");
            terminal.type("m");
            terminal.expect("node1:[0-9]+ moved to node2");
            terminal.expect("3 processes, 1 away from home");

            terminal.resize(30, 100);
            terminal.expect("(?s)\u001b\\[H(?:[^\r]*\r+\n){29}[^\r]*q quit");

            terminal.type("d");
            terminal.expect("node2 is being emptied");
            terminal.expect("3 processes, 0 away from home");
            terminal.type("D");
            terminal.expect("drained nodes take processes again");

            terminal.type("\u0003");
            terminal.expect("\u001b\\[\\?1049l");
            terminal.expect("ready> $");
            terminal.line("stty -g >/run/after; cmp /run/before /run/after && echo as be''fore");
            terminal.expect("as before");
            assertThat(chosen).startsWith("node1:");
            terminal.line("mig top");
            terminal.expect("q quit");
            terminal.type("q");
            terminal.expect("ready> $");
            terminal.line("exit");
        }
    }

    @Test
    void shouldSayWhatToDoWhenThereIsNoTerminal() {
        LabDriver.Answer answer = lab.exec("node1", "mig", "top");

        assertThat(answer.status()).isEqualTo(1);
        assertThat(answer.err()).contains("no terminal", "mig top --once", "mig top --json");
        assertThat(lab.exec("node1", "mig", "top", "--once").must())
                .contains("mig top: 2 nodes", "sleepers");
    }

    @Test
    void shouldRecordWhatTheSimulatorCanPlay() {
        lab.write("node1", "/run/record.sh", RECORD);
        lab.exec("node1", "bash", "/run/record.sh").must();
        List<String> lines = lab.sh("node1", "cat /run/trace").must().lines().toList();
        Scenario recorded = ScenarioFile.read(lines);

        assertThat(recorded.nodes()).hasSize(2);
        // three sleepers, which want nothing, and three that compute for some seconds
        assertThat(recorded.jobs()).as("%s", lines).hasSizeBetween(6, 7);
        assertThat(recorded.jobs().stream().filter(job -> job.work() > 0.5))
                .as("%s", lines)
                .hasSize(3)
                .allMatch(job -> job.work() < 100 && job.bytes() > 1e6)
                .anyMatch(SimJob::forked);
        assertThat(Laboratory.play(recorded, Strategy.OURS, Policy.USUAL, Physics.USUAL).jobs())
                .isEqualTo(recorded.jobs().size());
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void shouldShowTheOthersAndNameTheSilentOneWhenANodeLosesItsPower() {
        lab.mig(List.of("lab", "kill", "node2")).must();

        LabDriver.Answer ps = lab.exec("node1", "mig", "ps");
        assertThat(ps.must()).contains("sleepers");
        assertThat(ps.err()).contains("no answer from node=node2");
        assertThat(lab.exec("node1", "mig", "top", "--once").must())
                .contains("mig top: 1 nodes", "node2  does not answer");
    }

    /** Lines of the first frame, without escape sequences. */
    private static List<String> frame(Terminal terminal) {
        String all = terminal.everything();
        String first = all.split("\u001b\\[H", -1)[1];
        return List.of(first.replaceAll("\u001b\\[[0-9;?]*[A-Za-z]", "").split("\r*\n", -1));
    }
}
