package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.testkit.LabDriver;
import io.mig.testkit.Terminal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Programs that begin on another node. Needs root, CRIU and a lab of three nodes of 0.4 processors
 * each that have their homes' files.
 */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BirthIT {
    private static final List<String> NODES = List.of("node1", "node2", "node3");
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    /** Computes until a file is there, then exits with the status it was given. */
    private static final String WORKER =
            """
            my ($status, $end) = @ARGV;
            my $x = 0;
            until (-e $end) { for my $i (1 .. 200_000) { $x = ($x * 31 + $i) % 1000003; } }
            exit $status;
            """;

    /** Tells all that a program can know of its start. */
    private static final String LOOK =
            """
            printf '%s|' "$0" "${@:2}" | od -c
            umask; ulimit -Sa; ulimit -Ha; id; pwd; hostname; tty
            grep -E '^Sig(Ign|Blk)|^(Uid|Gid|Groups|CapPrm|CapEff)' /proc/self/status
            cut -d' ' -f19 /proc/self/stat; cat /proc/self/oom_score_adj
            env | grep -Ev '^(MIG_.*|_)=' | sort
            echo parent $(($PPID == $1)) leader $(($(cut -d' ' -f5 /proc/$$/stat) == $$))
            read -r line <&5; echo "$line"; echo more >&6
            ls /proc/$$/fd | tr '\\n' ' '
            """;

    private static final String ONCE =
            """
            echo $(cat /proc/1/comm) >>/shared/begun.$1
            exit 5
            """;

    private final LabDriver lab =
            new LabDriver(Counters.home(), "birthit" + ProcessHandle.current().pid());
    private final AtomicInteger names = new AtomicInteger();

    @BeforeAll
    void up() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        lab.up(NODES.size(), "--cpus", "0.4");
        lab.write("node1", "/tmp/worker.pl", WORKER);
        lab.write("node1", "/tmp/look.sh", LOOK);
        lab.write("node1", "/tmp/once.sh", ONCE);
    }

    @AfterAll
    void down() {
        lab.close();
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

    private long births() {
        return list("log", "-n", "1000").objects().stream()
                .filter(row -> row.string("mode", "").equals("birth"))
                .count();
    }

    private void awaitFile(String path, String content) {
        Awaitility.await()
                .atMost(PATIENCE)
                .untilAsserted(
                        () ->
                                assertThat(lab.sh("node1", "cat " + path).out())
                                        .as(
                                                "%s",
                                                lab.sh("node1", "tail -n 30 /var/log/mig/migd.log"))
                                        .isEqualTo(content));
    }

    @Test
    void shouldBeginElsewhereWhenHomeHasNoRoom() {
        long before = births();
        lab.sh(
                        "node1",
                        "cd /tmp; rm -f end; (setsid bash -c 'for i in 1 2 3 4 5 6; do mig run perl worker.pl $i end"
                                + " >/dev/null 2>&1 & pids+=($!); sleep 0.1; done;"
                                + " for p in ${pids[@]}; do wait $p; echo $?; done >codes'"
                                + " </dev/null >/dev/null 2>&1 &)")
                .must();

        Awaitility.await()
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(births() - before).isGreaterThanOrEqualTo(3));
        assertThat(lab.sh("node1", "pgrep -fc '^perl worker.pl'").out()).isEqualTo("6");

        lab.sh("node1", "touch /tmp/end").must();
        awaitFile("/tmp/codes", "1\n2\n3\n4\n5\n6");
    }

    @Test
    void shouldBeAJobOfItsShellWhenBornElsewhere() {
        try (Terminal terminal = lab.terminal("node1", null)) {
            terminal.line("PS1='$ '; echo ready=$((6*7))");
            terminal.expect("ready=42");
            terminal.line("mig run --on node2 cat");
            Awaitility.await()
                    .atMost(PATIENCE)
                    .untilAsserted(
                            () ->
                                    assertThat(list("ps").objects())
                                            .anyMatch(r -> r.string("node", "").equals("node2")));
            terminal.line("some text");
            terminal.expect("some text\\r?\\n.*some text");
            terminal.type("\032");
            terminal.expect("(?i)stopped");
            terminal.line("fg");
            terminal.expect("cat");

            JsonObject guest = list("ps").objects().getFirst();
            assertThat(guest.string("command", "")).isEqualTo("cat");
            lab.exec("node1", "mig", "migrate", guest.string("process", ""), "node3").must();

            terminal.line("further text");
            terminal.expect("further text\\r?\\n.*further text");
            terminal.type("\003");
            terminal.expect("\\^C[^$]*\\$ ");
            terminal.line("echo status=$?");
            terminal.expect("status=130");
        }
    }

    @Test
    void shouldFindWhatItWouldHaveAtHomeWhenBornElsewhere() {
        String script =
                """
                cd /tmp; umask 027; ulimit -Sn 333; trap '' USR1 PIPE; export ODD=$'a\\nb\\377'
                printf 'first\\nsecond\\n' >five; rm -f six; renice -n 3 $$ >/dev/null
                echo 77 >/proc/$$/oom_score_adj
                $1 bash look.sh $$ $'new\\nline' '' $'\\303\\244\\377' 5<five 6>>six </dev/null >look.$2 2>&1
                echo $? >>look.$2; cat six >>look.$2
                """;
        lab.write("node1", "/tmp/start.sh", script);
        long before = births();

        lab.sh("node1", "bash /tmp/start.sh '' here").must();
        lab.sh("node1", "bash /tmp/start.sh 'mig run --on node2' there").must();

        assertThat(births() - before)
                .as("%s", lab.sh("node1", "tail -n 30 /var/log/mig/migd.log"))
                .isEqualTo(1);
        String here =
                lab.sh("node1", "sed '/^parent/s/[0-9]* leader/leader/' /tmp/look.here").must();
        assertThat(here).contains("more").endsWith("more");
        assertThat(lab.sh("node1", "sed '/^parent/s/[0-9]* leader/leader/' /tmp/look.there").must())
                .isEqualTo(here);
    }

    /** What is not managed stays, so this node is full until the file is there. */
    private void fill(String end) {
        lab.sh(
                        "node1",
                        "cd /tmp; for i in 1 2 3 4; do (setsid perl worker.pl 0 END </dev/null >/dev/null 2>&1 &); done"
                                .replace("END", end))
                .must();
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> lab.sh("node1", "cat /run/mig/room").out().startsWith("2"));
    }

    private boolean manyAreBorn(long before) {
        for (int look = 0; look < 30; look++) {
            if (births() - before >= 5) {
                return true;
            }
        }
        return false;
    }

    @Test
    void shouldBeginElsewhereWhenForkedInShellOfFullHome() {
        lab.sh("node1", "rm -f /tmp/end.*").must();
        try (Terminal terminal = lab.terminal("node1", null)) {
            terminal.line("cd /tmp; mig shell bash --norc");
            terminal.line("PS1='$ '; p=(); echo up=$((6*7))");
            terminal.expect("up=42");
            fill("end.home");
            long before;
            int round = 0;
            do { // where a machine is too busy to answer in time they begin at home, as they should
                lab.sh("node1", "touch /tmp/end.1").must();
                terminal.line("wait ${p[@]}; rm -f end.1; p=(); echo round=$((++r + 10))");
                terminal.expect("round=1" + ++round);
                before = births();
                terminal.line(
                        "for i in 1 2 3 4 5 6 7 8; do perl worker.pl $i end.1 & p+=($!); done");
            } while (!manyAreBorn(before) && round < 4);
            assertThat(births() - before).isGreaterThanOrEqualTo(5);
            assertThat(lab.sh("node1", "pgrep -fc '^perl worker.pl . end.1'").out()).isEqualTo("8");
            lab.sh("node1", "touch /tmp/end.1").must();
            terminal.line("for q in ${p[@]}; do wait $q; c+=$?,; done; echo codes=$c");
            terminal.expect("codes=1,2,3,4,5,6,7,8,");

            terminal.line(
                    "perl -e 'print \"b\\na\\n\"; sleep 1' | sort | tr '\\n' +; echo =sorted");
            terminal.expect("a\\+b\\+=sorted");
            long piped = births();
            terminal.line("perl worker.pl 0 never");
            Awaitility.await().atMost(PATIENCE).until(() -> births() > piped);
            terminal.type("\003");
            terminal.line("echo status=$?");
            terminal.expect("status=130");
            terminal.line("/nowhere; printf '%s:' $?; /tmp; printf '%s:' $?; ./end.1; echo $?");
            terminal.expect("127:[^$]*126:[^$]*126");

            lab.mig(List.of("lab", "agent", "node1", "kill")).must();
            terminal.line("perl -e 'print 6*7, chr(10)'; echo done=$?");
            terminal.expect("[\\r\\n]42\\r?\\n.*done=0");
        } finally {
            lab.sh("node1", "touch /tmp/end.home /tmp/end.1");
            lab.awaitUp(NODES);
        }
    }

    /** Before the commit it begins at home, after it elsewhere; once in any case. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "node2 target.reserve:fail",
                "node2 target.reserved:crash",
                "node1 source.frozen:fail",
                "node1 source.frozen:crash",
                "node2 target.pre-resume:fail",
                "node2 target.pre-resume:crash",
                "node2 target.restored:fail",
                "node1 source.restored:crash",
                "node1 home.commit:fail",
                "node1 home.committed:crash",
                "node2 target.thaw:crash",
                "node1 home.deputise:crash",
            })
    void shouldBeginOnceWhenSomethingFails(String where) {
        String[] words = where.split(" ");
        String name = "once" + names.incrementAndGet();
        lab.awaitUp(NODES);
        lab.sh(words[0], "mkdir -p /run/mig/faults && echo " + words[1] + " >/run/mig/faults/plan")
                .must();

        lab.sh(
                        "node1",
                        "cd /tmp; (setsid bash -c 'mig run --on node2 bash once.sh NAME; echo $? >rc.NAME'"
                                        .replace("NAME", name)
                                + " </dev/null >/dev/null 2>&1 &)")
                .must();

        awaitFile("/tmp/rc." + name, "5");
        assertThat(lab.sh("node1", "wc -l </shared/begun." + name).out().strip()).isEqualTo("1");
        NODES.forEach(node -> lab.sh(node, "rm -rf /run/mig/faults"));
    }
}
