package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.testkit.LabDriver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * Fork and forget. Needs root, CRIU and a lab of four nodes of 0.4 processors each. How fast it
 * goes is measured elsewhere: here only what comes of it counts.
 */
@Timeout(900)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BalanceIT {
    private static final int WORKERS = 16;
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    /** Computes until a file is there, then exits with the status it was given. */
    private static final String WORKER =
            """
            my ($status, $end) = @ARGV;
            my $x = 0;
            until (-e $end) { for my $i (1 .. 200_000) { $x = ($x * 31 + $i) % 1000003; } }
            exit $status;
            """;

    /** Forks workers and waits for each, like a shell script of a user; prints their statuses. */
    private static final String FORK =
            """
            cd /shared
            pids=()
            for i in $(seq 1 $1); do
                perl worker.pl $((i % 9)) end.$2 &
                pids+=($!)
            done
            for pid in "${pids[@]}"; do wait $pid; echo $?; done
            """;

    /** Writes a file of its home anew again and again. */
    private static final String WRITER =
            """
            my $piece = 'x' x (1 << 20);
            until (-e '/opt/near/end') {
                open(my $out, '>', '/opt/near/file') or die;
                for (1 .. 32) { syswrite($out, $piece) == 1 << 20 or die; }
            }
            """;

    /** Computes a little and tells a lot of it to the other end of its pipe. */
    private static final String TALKER =
            """
            my $piece = 'x' x (1 << 16);
            my $x = 0;
            until (-e '/opt/near/end') {
                for my $i (1 .. 20_000) { $x = ($x * 31 + $i) % 1000003; }
                syswrite(STDOUT, $piece) or die;
            }
            """;

    /** Has 64 MiB and writes to 16 of them five times per second. */
    private static final String DIRTY =
            """
            my $s = 'x' x (64 << 20);
            until (-e '/opt/near/end') {
                for (my $o = 0; $o < 16 << 20; $o += 4096) { substr($s, $o, 1) = 'y'; }
                select(undef, undef, undef, 0.2);
            }
            """;

    private final LabDriver lab =
            new LabDriver(Counters.home(), "balanceit" + ProcessHandle.current().pid());

    @BeforeAll
    void up() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        lab.up(4, "--cpus", "0.4");
        lab.write("node1", "/shared/worker.pl", WORKER);
        lab.write("node1", "/shared/fork.sh", FORK);
        for (String node : List.of("node1", "node2", "node3", "node4")) {
            lab.write(
                    node,
                    "/etc/mig/policy.toml",
                    "[[node]]\nmatch = \"node4\"\nowner_first = true\n");
        }
    }

    @AfterAll
    void down() {
        lab.close();
    }

    private void start(String name, int workers, String... how) {
        String command = "mig " + String.join(" ", how) + " bash /shared/fork.sh " + workers;
        lab.sh(
                        "node1",
                        "(setsid "
                                + command
                                + " NAME </dev/null >/shared/out.NAME 2>&1 &)"
                                        .replace("NAME", name))
                .must();
    }

    private JsonArray list(String... command) {
        List<String> words = new java.util.ArrayList<>(List.of("mig"));
        words.addAll(List.of(command));
        words.add("--json");
        String out = lab.exec("node1", words.toArray(String[]::new)).out();
        return out.isEmpty()
                ? JsonArray.EMPTY
                : (JsonArray) Json.parse(out.getBytes(StandardCharsets.UTF_8));
    }

    private Stream<JsonObject> away() {
        return list("ps").objects().stream()
                .filter(row -> !row.string("node", "").equals(row.string("home", "")));
    }

    /** Where bodies run that are not at home. */
    private List<String> places() {
        return away().map(row -> row.string("node", "")).toList();
    }

    private void awaitEmpty(String node) {
        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(2))
                .untilAsserted(() -> assertThat(places()).isNotEmpty().doesNotContain(node));
    }

    @Test
    void shouldSpreadGiveWayAndEndAsUsualWhenManyAreForked() {
        start("many", WORKERS, "run");

        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(2))
                .untilAsserted(
                        () ->
                                assertThat(Set.copyOf(places()))
                                        .hasSizeGreaterThanOrEqualTo(3)
                                        .doesNotContain("node1"));
        assertThat(lab.sh("node1", "pgrep -fc '^perl worker.pl'").out())
                .isEqualTo(String.valueOf(WORKERS));
        String moved = away().findFirst().orElseThrow().string("process", "");
        JsonObject why = lab.json("why", moved);
        assertThat(why.array("lines").size()).as("%s", why).isPositive();
        assertThat(why.array("moves").objects().getFirst().string("reason", ""))
                .matches("(BALANCE_CPU: too many programs|BIRTH: begins where there is room).*");

        lab.exec("node2", "mig", "drain", "node3", "--deadline", "4m").must();

        assertThat(places()).doesNotContain("node3");
        lab.exec("node1", "mig", "owner", "back", "node4").must();
        awaitEmpty("node4");
        assertThat(places()).doesNotContain("node3");

        lab.sh("node1", "touch /shared/end.many").must();
        String expected =
                IntStream.rangeClosed(1, WORKERS)
                        .mapToObj(i -> String.valueOf(i % 9))
                        .collect(Collectors.joining("\n"));
        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(2))
                .untilAsserted(
                        () ->
                                assertThat(lab.exec("node1", "cat", "/shared/out.many").out())
                                        .isEqualTo(expected));
        lab.exec("node1", "mig", "owner", "gone", "node4").must();
        lab.exec("node1", "mig", "undrain", "node3").must();
    }

    @Test
    void shouldGoWhereItIsToldAndStayWhenRunOnNode() {
        start("one", 1, "run", "--on", "node2");

        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .untilAsserted(() -> assertThat(places()).containsExactly("node2"));

        lab.sh("node1", "touch /shared/end.one").must();
        Awaitility.await()
                .atMost(PATIENCE)
                .untilAsserted(
                        () ->
                                assertThat(lab.exec("node1", "cat", "/shared/out.one").out())
                                        .isEqualTo("1"));
    }

    @Test
    void shouldComeHomeToItsFilesAndToItsPipeAndTellWhatWasMeasured() {
        String usual = lab.exec("node2", "cat", "/etc/mig/policy.toml").must();
        lab.write(
                "node2",
                "/etc/mig/policy.toml",
                usual + "\n[balance]\nno_return = \"1s\"\nminimum_improvement = \"5%\"\n");
        try {
            lab.sh("node1", "mkdir -p /opt/near").must();
            lab.write("node1", "/opt/near/writer.pl", WRITER);
            lab.write("node1", "/opt/near/talker.pl", TALKER);
            lab.write("node1", "/opt/near/dirty.pl", DIRTY);
            comesHome("writer.pl", ">/dev/null", "NEAR_FILES");
            comesHome("talker.pl", "| cat >/dev/null", "NEAR_PARTNERS");

            String pid = begun("dirty.pl", ">/dev/null");
            sendToNode2(pid);
            Awaitility.await()
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofSeconds(1))
                    .untilAsserted(
                            () ->
                                    assertThat(dirtyRate(pid))
                                            .as("bytes per second, of what it writes to")
                                            .isBetween(8e6, 30e6));
            assertThat(lab.exec("node1", "mig", "inspect", pid).out())
                    .containsPattern("dirty +[0-9.]+M/s")
                    .contains("pages");
        } finally {
            lab.sh("node1", "touch /opt/near/end");
            lab.write("node2", "/etc/mig/policy.toml", usual);
        }
    }

    private double dirtyRate(String pid) {
        return list("ps").objects().stream()
                .filter(row -> row.integer("pid").orElse(0) == Long.parseLong(pid))
                .findFirst()
                .flatMap(row -> row.number("dirtyBytesPerSecond").stream().boxed().findFirst())
                .orElse(0.0);
    }

    private String begun(String program, String output) {
        lab.sh(
                        "node1",
                        "(setsid mig run --no-births bash -c 'perl /opt/near/%s %s; :' </dev/null >/dev/null 2>&1 &)"
                                .formatted(program, output))
                .must();
        return Awaitility.await()
                .until(
                        () -> lab.exec("node1", "pgrep", "-of", "^perl /opt/near/" + program),
                        a -> a.status() == 0)
                .out();
    }

    /** It may be on its way somewhere by itself. */
    private void sendToNode2(String pid) {
        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> lab.exec("node1", "mig", "migrate", pid, "node2").status() == 0);
    }

    private void comesHome(String program, String output, String reason) {
        String pid = begun(program, output);
        sendToNode2(pid);
        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .untilAsserted(
                        () ->
                                assertThat(lab.json("why", pid).array("moves").objects())
                                        .as(program)
                                        .anyMatch(m -> m.string("reason", "").startsWith(reason)));
        lab.sh("node1", "kill " + pid).must();
    }

    @Test
    void shouldLeaveAloneWhatNobodyAskedToManage() {
        lab.sh("node1", "(setsid bash /shared/fork.sh 4 own </dev/null >/shared/out.own 2>&1 &)")
                .must();
        Awaitility.await()
                .until(() -> lab.sh("node1", "pgrep -fc 'worker.pl . end.own'").out().equals("4"));

        for (int second = 0; second < 5; second++) {
            lab.exec("node1", "mig", "plan").must();
            assertThat(places()).isEmpty();
        }

        String pid = lab.sh("node1", "pgrep -nf 'worker.pl . end.own'").must();
        assertThat(lab.json("why", pid).isTrue("managed")).isFalse();
        lab.sh("node1", "touch /shared/end.own").must();
    }

    @Test
    void shouldRefuseWithReasonWhenCommandsAreWrong() {
        assertThat(lab.exec("node1", "mig", "run", "--on", "mars", "true").err())
                .contains("no node named mars");
        assertThat(lab.exec("node1", "mig", "run", "--max-pause", "soon", "true").err())
                .contains("--max-pause soon", "200ms");
        assertThat(lab.exec("node1", "mig", "drain", "mars").err()).contains("no such node");
        assertThat(lab.exec("node1", "mig", "policy", "set", "balance.hold", "soon").err())
                .contains("balance.hold");
        assertThat(lab.exec("node1", "mig", "pin", "1").err()).contains("is not managed");
    }
}
