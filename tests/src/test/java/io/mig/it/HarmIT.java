package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.testkit.LabDriver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * What goes wrong in clusters: half of it is cut off, clocks are apart, a node lies, a disk is
 * full, an agent is old. Needs root, CRIU and a lab of four nodes of 0.4 processors each.
 */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HarmIT {
    private static final List<String> NODES = List.of("node1", "node2", "node3", "node4");
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /** Computes and counts aloud until a file is there: a body that ran twice would count twice. */
    private static final String WORKER =
            """
            my ($status, $name) = @ARGV;
            $| = 1;
            open(my $out, '>', "/shared/count.$name.$status") or die;
            $out->autoflush(1);
            my $x = 0;
            for (my $n = 1; !-e "/shared/end.$name"; $n++) {
                for my $i (1 .. 300_000) { $x = ($x * 31 + $i) % 1000003; }
                print $out "$n\\n";
            }
            exit $status;
            """;

    private static final String FORK =
            """
            p=()
            for i in $(seq 1 $1); do perl /shared/worker.pl $i $2 & p+=($!); done
            for x in ${p[@]}; do wait $x; echo $?; done
            """;

    private final Set<String> pretending = new HashSet<>();
    private final LabDriver lab =
            new LabDriver(Counters.home(), "harmit" + ProcessHandle.current().pid());

    @BeforeAll
    void up() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        lab.up(NODES.size(), "--cpus", "0.4");
        lab.write("node1", "/shared/worker.pl", WORKER);
        lab.write("node1", "/shared/fork.sh", FORK);
    }

    @AfterAll
    void down() {
        lab.close();
    }

    @AfterEach
    void asBeforeAndNoneTwice() {
        lab.mig(List.of("lab", "heal")).must();
        honest();
        lab.sh("node1", "for f in /shared/count.*; do f=${f%.*}; touch /shared/end.${f##*.}; done")
                .must();
        eventually(
                () -> lab.exec("node1", "pgrep", "-of", "^perl /shared/worker.pl").status(),
                status -> assertThat(status).isEqualTo(1));
        assertThat(
                        lab.sh(
                                        "node1",
                                        "for f in /shared/count.*; do seq $(wc -l <$f) | cmp -s - $f"
                                                + " || echo $f; done; rm -f /shared/count.*")
                                .out())
                .as("counted without gap or double")
                .isEmpty();
    }

    private void start(String node, String name, int workers) {
        lab.sh(
                        node,
                        "(setsid mig run --no-births bash /shared/fork.sh %d %s </dev/null >/shared/codes.%s 2>&1 &)"
                                .formatted(workers, name, name))
                .must();
    }

    private void end(String name, int workers) {
        lab.sh("node1", "touch /shared/end." + name).must();
        String expected =
                IntStream.rangeClosed(1, workers)
                        .mapToObj(String::valueOf)
                        .collect(Collectors.joining("\n"));
        eventually(
                () -> lab.sh("node1", "cat /shared/codes." + name).out(),
                out -> assertThat(out).isEqualTo(expected));
    }

    private <T> void eventually(Supplier<T> look, java.util.function.Consumer<T> check) {
        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .untilAsserted(() -> check.accept(look.get()));
    }

    private JsonArray list(String node, String... command) {
        String out = lab.exec(node, command).out();
        return out.isEmpty()
                ? JsonArray.EMPTY
                : (JsonArray) Json.parse(out.getBytes(StandardCharsets.UTF_8));
    }

    /** Where the workers of a home run, as a node of its half knows it. */
    private List<String> places(String home) {
        return list(home, "mig", "ps", "--json").objects().stream()
                .filter(row -> row.string("home", "").equals(home))
                .filter(row -> row.string("command", "").contains("worker.pl"))
                .map(row -> row.string("node", ""))
                .toList();
    }

    private void pretend(String node, String what) {
        pretending.add(node);
        lab.mig(List.of("lab", "agent", node, "restart", "--env", "MIG_PRETEND=" + what)).must();
    }

    private void honest() {
        for (String node : pretending) {
            lab.mig(List.of("lab", "agent", node, "restart")).must();
        }
        pretending.clear();
        lab.awaitUp(NODES);
    }

    private String said(String node, String... command) {
        LabDriver.Answer answer = lab.exec(node, command);
        return answer.out() + "\n" + answer.err();
    }

    private String one(String name) {
        return Awaitility.await()
                .atMost(PATIENCE)
                .until(
                        () -> lab.exec("node1", "pgrep", "-of", "^perl.* " + name),
                        a -> a.status() == 0)
                .out();
    }

    @Test
    void shouldGoOnInBothHalvesWhenTheClusterIsCut() {
        start("node1", "early", 6);
        eventually(
                () -> Set.copyOf(places("node1")),
                nodes -> assertThat(nodes).contains("node2").containsAnyOf("node3", "node4"));

        for (String left : List.of("node1", "node2")) {
            lab.mig(List.of("lab", "cut", left, "node3")).must();
            lab.mig(List.of("lab", "cut", left, "node4")).must();
        }
        eventually(
                () -> said("node1", "mig", "nodes") + said("node3", "mig", "nodes"),
                text ->
                        assertThat(text)
                                .containsPattern("node3 +down")
                                .containsPattern("node4 +down")
                                .containsPattern("node1 +down")
                                .containsPattern("node2 +down"));
        assertThat(said("node1", "mig", "ps"))
                .contains("unreachable", "no answer from node=node3", "no answer from node=node4");
        assertThat(said("node3", "mig", "ps"))
                .contains("no answer from node=node1", "no answer from node=node2");
        // each half balances by itself
        start("node3", "late", 4);
        start("node1", "later", 2);
        eventually(() -> places("node3"), nodes -> assertThat(nodes).hasSize(4).contains("node4"));
        eventually(() -> places("node1"), nodes -> assertThat(nodes).hasSize(8));

        lab.mig(List.of("lab", "heal")).must();
        lab.awaitUp(NODES);
        eventually(
                () -> lab.json("top"),
                board -> {
                    assertThat(board.array("unreachable").size()).isZero();
                    assertThat(board.array("nodes").size()).isEqualTo(NODES.size());
                });
        end("early", 6);
        end("late", 4);
        end("later", 2);
    }

    @Test
    void shouldMoveDrainAndObeyWhenClocksAreApartByMinutes() {
        pretend("node2", "clock:+180s");
        pretend("node3", "clock:-300s");
        lab.awaitUp(NODES);
        assertThat(said("node1", "mig", "nodes"))
                .containsPattern("node2: its clock is 3 min [0-3] s ahead of this node's")
                .containsPattern(
                        "node3: its clock is (4 min 5[7-9]|5 min [0-3]) s behind this node's");
        assertThat(said("node1", "mig", "doctor"))
                .containsPattern("degraded +clock of node2 +3 min [0-3] s ahead of this node's")
                .contains("chrony (here, and on node3)");

        start("node1", "skewed", 6);
        eventually(
                () -> Set.copyOf(places("node1")),
                nodes -> assertThat(nodes).contains("node2", "node3"));
        lab.exec("node1", "mig", "policy", "set", "--cluster", "limits.max_moves_per_hour", "33")
                .must();
        lab.exec(
                        "node2",
                        "mig",
                        "policy",
                        "set",
                        "--cluster",
                        "--node",
                        "node1",
                        "limits.max_moves_per_hour",
                        "44")
                .must();
        for (String node : NODES) {
            eventually(
                    () -> said(node, "mig", "policy", "get", "limits.max_moves_per_hour"),
                    text -> assertThat(text).contains("44"));
        }
        assertThat(said("node1", "mig", "why", one("skewed"))).doesNotContain("too long");

        lab.exec("node1", "mig", "drain", "node2", "--deadline", "1m").must();
        assertThat(places("node1")).hasSize(6).doesNotContain("node2");
        // what is drained stays so, and who comes back is known, when agents start anew
        honest();
        assertThat(list("node1", "mig", "ps", "--json").size()).isPositive();
        assertThat(said("node1", "mig", "top", "--once")).contains("drain");
        assertThat(places("node1")).doesNotContain("node2");
        lab.exec("node1", "mig", "undrain", "node2").must();
        // whether to take back what left or because there is room now
        eventually(() -> places("node1"), nodes -> assertThat(nodes).contains("node2"));
        end("skewed", 6);
    }

    @Test
    void shouldGiveNothingMoreToANodeThatLiesAboutItsLoad() {
        pretend("node4", "idle");
        lab.awaitUp(NODES);
        String hogs =
                lab.sh(
                                "node4",
                                "for i in 1 2 3 4 5 6 7 8; do"
                                        + " (setsid perl -e '1 while 1' </dev/null >/dev/null 2>&1 &"
                                        + " echo $!); done | tr '\\n' ' '")
                        .must();
        try {
            start("node1", "fooled", 12);
            String node = whoDoubtsNode4();
            assertThat(said(node, "mig", "events")).containsPattern("doubt.*node4 gave");

            start(node, "warned", 6);
            List<String> honest = List.of("node1", "node2", "node3");
            eventually(
                    () -> Set.copyOf(places(node)),
                    nodes ->
                            assertThat(nodes)
                                    .containsAnyElementsOf(
                                            honest.stream().filter(n -> !n.equals(node)).toList()));
            assertThat(said(node, "mig", "why", atHome(node)))
                    .contains("node4: the node gives its guests much less speed than it tells of");
            // nor does a new program begin there, though it says that there is room
            assertThat(lab.exec(node, "mig", "best", "-q").must()).isIn(honest);
            for (int i = 0; i < 3; i++) {
                lab.exec(node, "mig", "run", "--best", "perl", "-e", "for (1 .. 2e6) {}").must();
            }
            assertThat(said(node, "mig", "events")).doesNotContainPattern("born.* on node4 ");
            // one may have been on its way
            assertThat(
                            lab.sh(
                                            node,
                                            "sed -n '/ doubt: node4 /,$p' /var/log/mig/migd.log"
                                                    + " | grep -c ' to node4, frozen'")
                                    .out())
                    .isIn("0", "1");
        } finally {
            lab.sh("node4", "kill " + hogs);
        }
        end("fooled", 12);
        end("warned", 6);
    }

    /** Each node learns by the arrivals it has sent itself; those may be node1's, or not. */
    private String whoDoubtsNode4() {
        return Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .until(
                        () ->
                                Stream.of("node1", "node2", "node3")
                                        .filter(
                                                n ->
                                                        said(n, "mig", "nodes")
                                                                .contains("node4: it gave"))
                                        .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    /** A worker that has not left its home. */
    private String atHome(String node) {
        return list(node, "mig", "ps", "--json").objects().stream()
                .filter(row -> row.string("node", "").equals(node))
                .filter(row -> row.string("home", "").equals(node))
                .filter(row -> row.string("command", "").contains("worker.pl"))
                .findFirst()
                .orElseThrow()
                .string("process", "");
    }

    @Test
    void shouldRefuseAndLeaveTheProcessAloneWhenTheTargetsDiskIsFull() {
        lab.sh("node1", "(setsid perl /shared/worker.pl 1 disk </dev/null >/dev/null 2>&1 &)")
                .must();
        String pid = one("disk");
        lab.sh("node3", "dd if=/dev/zero of=/var/lib/mig/filler bs=1M 2>&1 | tail -1").must();
        try {
            assertThat(said("node1", "mig", "migrate", pid, "node3"))
                    .contains("its disk is full", "/var/lib/mig", "Free space there");
            eventually(
                    () -> said("node1", "mig", "top", "--json"),
                    text -> assertThat(text).containsPattern("\"diskFull\" *: *true"));
        } finally {
            lab.sh("node3", "rm /var/lib/mig/filler").must();
        }
        lab.exec("node1", "mig", "migrate", pid, "node3").must();
        lab.sh("node1", "touch /shared/end.disk").must();
        eventually(
                () -> lab.exec("node1", "pgrep", "-of", "^perl.* disk").status(),
                status -> assertThat(status).isEqualTo(1));
    }

    @Test
    void shouldDoWithoutAnAgentThatIsTooOld() {
        pretend("node4", "protocol:0");
        eventually(
                () -> said("node1", "mig", "nodes"),
                text ->
                        assertThat(text)
                                .containsPattern("node4 +down")
                                .containsPattern("node4: .*speaks (protocol )?0 to 0")
                                .contains("install releases of mig"));
        lab.sh("node1", "(setsid perl /shared/worker.pl 1 old </dev/null >/dev/null 2>&1 &)")
                .must();
        String pid = one("old");
        assertThat(said("node1", "mig", "migrate", pid, "node4")).contains("cannot be reached");
        lab.exec("node1", "mig", "migrate", pid, "node2").must();
        lab.sh("node1", "touch /shared/end.old").must();
    }
}
