package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.json.JsonObject;
import io.mig.testkit.LabDriver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * A program, its library and its data that exist on node1 only. Needs root, CRIU and a lab of three
 * nodes, which all tests of this class share.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HomeFilesIT {
    private static final List<String> NODES = List.of("node1", "node2", "node3");
    private static final Duration LONG = Duration.ofMinutes(2);

    private final LabDriver lab =
            new LabDriver(Counters.home(), "homefiles" + ProcessHandle.current().pid());

    @BeforeAll
    void up() throws IOException {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        lab.up(3);
        lab.sh("node1", "mkdir -p /opt/app/bin /opt/app/lib /opt/app/data /opt/app/src").must();
        lab.write("node1", "/opt/app/src/walk.c", resource("walk.c"));
        lab.write("node1", "/opt/app/src/words.c", resource("words.c"));
        lab.sh(
                        "node1",
                        "cd /opt/app && gcc -O2 -shared -fPIC -o lib/libwords.so src/words.c &&"
                                + " gcc -O2 -o bin/walk src/walk.c -Llib -lwords -Wl,-rpath,/opt/app/lib &&"
                                + " for i in 0 1 2 3 4 5 6; do echo word$i >data/words$i; done;"
                                + " chmod 777 /opt/app/data; : >data/log; chmod 666 data/log")
                .must();
    }

    private static String resource(String name) throws IOException {
        try (InputStream in =
                Objects.requireNonNull(HomeFilesIT.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @AfterAll
    void down() {
        lab.close();
    }

    private void move(String pid, String node) {
        JsonObject answer =
                node.equals("node1") ? lab.json("home", pid) : lab.json("migrate", pid, node);
        assertThat(answer.string("outcome"))
                .as("%s to %s: %s", pid, node, answer)
                .isEqualTo("moved");
    }

    private String walk(String id, int rounds) {
        return walk(id, rounds, "log");
    }

    /** Starts the program with an id; its status goes to a file. */
    private String walk(String id, int rounds, String log) {
        lab.sh(
                        "node1",
                        "cd /opt/app/data; rm -f ID.status; (setsid bash -c '/opt/app/bin/walk ID ROUNDS /opt/app/data/LOG 2>/opt/app/data/ID.err; echo $? >/opt/app/data/ID.status' </dev/null >/dev/null 2>&1 &)"
                                .replace("ID", id)
                                .replace("LOG", log)
                                .replace("ROUNDS", String.valueOf(rounds)))
                .must();
        return Awaitility.await()
                .until(
                        () -> lab.exec("node1", "pgrep", "-n", "-f", "^/opt/app/bin/walk " + id),
                        a -> a.status() == 0)
                .out();
    }

    private String status(String id) {
        return Awaitility.await()
                .atMost(LONG)
                .until(
                        () -> lab.exec("node1", "cat", "/opt/app/data/" + id + ".status").out(),
                        s -> !s.isEmpty());
    }

    private void complete(String id, int rounds) {
        assertThat(status(id))
                .as(lab.exec("node1", "cat", "/opt/app/data/" + id + ".err").out())
                .isEqualTo("7");
        List<String> lines =
                lab.sh("node1", "grep -h '^" + id + " ' /opt/app/data/log*").out().lines().toList();
        assertThat(lines).hasSize(rounds);
        for (int n = 1; n <= rounds; n++) {
            assertThat(lines.get(n - 1))
                    .isEqualTo(id + " " + n + " word" + n % 7 + " " + "-".repeat(n % 50) + ".");
        }
    }

    @Test
    void shouldFindProgramLibraryAndDataWhenTheyExistAtHomeOnly() {
        assertThat(lab.exec("node2", "ls", "/opt/app").status()).isNotZero();
        String pid = walk("alone", 1500);
        move(pid, "node2");
        move(pid, "node3");
        move(pid, "node1");
        move(pid, "node2");

        complete("alone", 1500);
        assertThat(lab.exec("node2", "ls", "/opt/app").status()).isNotZero();
    }

    @Test
    void shouldOnlyPauseWhenAgentOfItsHostIsKilled() {
        String pid = walk("host", 2000);
        move(pid, "node2");
        for (int crash = 0; crash < 3; crash++) {
            lab.mig(List.of("lab", "agent", "node2", "kill")).must();
            lab.awaitUp(NODES);
        }
        move(pid, "node3");
        lab.mig(List.of("lab", "agent", "node3", "restart")).must();

        complete("host", 2000);
    }

    @Test
    void shouldOnlyPauseWhenAgentOfItsHomeIsKilled() {
        // an append that is under way when home's agent dies is not repeated: it would fail
        String pid = walk("home", 600, "log-home alone");
        move(pid, "node2");
        lab.mig(List.of("lab", "agent", "node1", "kill")).must();

        complete("home", 600);
    }

    @Test
    void shouldFailWithAnErrorAndGoOnWhenHomeStaysAwayForLong() {
        waitForHome("[timeouts]\\nhome_ms = 1500\\n");
        try {
            lab.write(
                    "node1",
                    "/opt/app/data/patient.pl",
                    """
                    use Errno;
                    for (my $i = 0; ; $i++) {
                        open(my $in, "<", "/opt/app/data/no$i");
                        $failed = 1 if $!{EIO};
                        last if $failed && open(my $out, ">", "/opt/app/data/again");
                        select(undef, undef, undef, 0.02);
                    }
                    """);
            String pid =
                    lab.sh(
                                    "node1",
                                    "setsid perl /opt/app/data/patient.pl </dev/null >/dev/null 2>&1 & echo $!")
                            .must();
            move(pid, "node3");
            lab.mig(List.of("lab", "cut", "node1", "node3")).must();
            try {
                Awaitility.await()
                        .atMost(LONG)
                        .until(
                                () -> lab.exec("node3", "mig", "ps", "--json").out(),
                                ps -> ps.contains("has not answered"));
                lab.exec("node3", "sleep", "3");
            } finally {
                lab.mig(List.of("lab", "heal")).must();
            }
            Awaitility.await()
                    .atMost(LONG)
                    .until(
                            () ->
                                    lab.exec("node1", "test", "-e", "/opt/app/data/again").status()
                                            == 0);
            Awaitility.await()
                    .atMost(LONG)
                    .until(() -> lab.exec("node1", "kill", "-0", pid).status() != 0);
        } finally {
            waitForHome("");
        }
    }

    /** How long guests on node3 wait for a home that is away, as its file says it. */
    private void waitForHome(String timeouts) {
        lab.sh(
                        "node3",
                        "sed -i '/^.timeouts/d; /^home_ms/d' /etc/mig/agent.toml && printf 'TIMEOUTS' >>/etc/mig/agent.toml"
                                .replace("TIMEOUTS", timeouts))
                .must();
        lab.restartAgents(List.of("node3"));
        lab.awaitUp(NODES);
    }

    /** A guest opens what it knows without asking home, and yet never too early. */
    @Test
    void shouldReadWhatHomeWroteBeforeItSaidSo() {
        lab.write(
                "node1",
                "/opt/app/data/tell.pl",
                """
                $| = 1;
                until (-e "go") { select(undef, undef, undef, 0.05) }
                for my $i (10001 .. 10300) {
                    open(my $same, "+<", "same") or die; syswrite($same, $i); close($same);
                    open(my $new, ">", "new") or die; syswrite($new, $i); close($new);
                    rename("new", "other") or die;
                    print "$i\\n";
                    select(undef, undef, undef, 0.005);
                }
                """);
        lab.write(
                "node1",
                "/opt/app/data/hear.pl",
                """
                my $late = 0;
                while (my $said = <STDIN>) {
                    for my $name ("same", "other") {
                        open(my $in, "<", $name) or die "$name: $!";
                        sysread($in, my $seen, 10);
                        $late++ if $seen < $said;
                    }
                }
                print "late $late\\n";
                """);
        lab.sh(
                        "node1",
                        "cd /opt/app/data; rm -f go heard; echo -n 10000 >same; echo -n 10000 >other;"
                                + " (setsid bash -c 'perl tell.pl | perl hear.pl >heard 2>&1; echo done >>heard' </dev/null >/dev/null 2>&1 &)")
                .must();
        String pid =
                Awaitility.await()
                        .until(
                                () -> lab.exec("node1", "pgrep", "-n", "-f", "^perl hear.pl"),
                                a -> a.status() == 0)
                        .out();
        move(pid, "node2");
        lab.sh("node1", "touch /opt/app/data/go").must();

        String heard =
                Awaitility.await()
                        .atMost(LONG)
                        .until(
                                () -> lab.exec("node1", "cat", "/opt/app/data/heard").out(),
                                out -> out.contains("done"));
        assertThat(heard.strip()).isEqualTo("late 0\ndone");
    }

    /** A guest does not wait for home with each write, and yet never speaks too early. */
    @Test
    void shouldHaveAtHomeWhatAGuestWroteBeforeItSaysSo() {
        lab.write(
                "node1",
                "/opt/app/data/write.pl",
                """
                $| = 1;
                until (-e "go-write") { select(undef, undef, undef, 0.05) }
                for my $i (10001 .. 10300) {
                    open(my $out, ">", "told$i") or die;
                    syswrite($out, $i) for 1 .. 20;
                    close($out) if $i % 2;
                    print "$i\n";
                    push @open, $out;
                    select(undef, undef, undef, 0.003);
                }
                """);
        lab.write(
                "node1",
                "/opt/app/data/check.pl",
                """
                my $early = 0;
                while (my $said = <STDIN>) {
                    chomp $said;
                    open(my $in, "<", "told$said") or die "told$said: $!";
                    sysread($in, my $seen, 1000);
                    $early++ if $seen ne $said x 20;
                    unlink("told$said");
                }
                print "early $early\n";
                """);
        lab.sh(
                        "node1",
                        "cd /opt/app/data; rm -f go-write checked; (setsid bash -c 'perl write.pl | perl check.pl"
                                + " >checked 2>&1; echo done >>checked' </dev/null >/dev/null 2>&1 &)")
                .must();
        String pid =
                Awaitility.await()
                        .until(
                                () -> lab.exec("node1", "pgrep", "-n", "-f", "^perl write.pl"),
                                a -> a.status() == 0)
                        .out();
        move(pid, "node2");
        lab.sh("node1", "touch /opt/app/data/go-write").must();

        String checked =
                Awaitility.await()
                        .atMost(LONG)
                        .until(
                                () -> lab.exec("node1", "cat", "/opt/app/data/checked").out(),
                                out -> out.contains("done"));
        assertThat(checked.strip()).isEqualTo("early 0\ndone");
    }

    /** What is on its way home outlives the agent, and no move leaves it behind. */
    @Test
    void shouldKeepEachByteOfSmallWritesAndOfMappingsWhenItMovesAndAgentsAreKilled() {
        lab.write(
                "node1",
                "/opt/app/data/small.py",
                """
                import mmap, os, time
                with open("mapped", "wb") as f: f.truncate(1 << 20)
                f = open("mapped", "r+b"); m = mmap.mmap(f.fileno(), 1 << 20)
                fd = os.open("small", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o666)
                for i in range(60000):
                    os.write(fd, b"%07d\\n" % i)
                    at = (i * 4099) % (1 << 20) & ~7
                    m[at:at + 8] = b"%08d" % i
                    if i % 100 == 0: time.sleep(0.02)
                os.close(fd); m.close(); f.close()
                open("small.done", "w").write("done")
                """);
        lab.sh(
                        "node1",
                        "cd /opt/app/data; rm -f small.done; (setsid /usr/bin/python3 small.py </dev/null >small.err 2>&1 &)")
                .must();
        String pid =
                Awaitility.await()
                        .until(
                                () ->
                                        lab.exec(
                                                "node1",
                                                "pgrep",
                                                "-n",
                                                "-f",
                                                "^/usr/bin/python3 small.py$"),
                                a -> a.status() == 0)
                        .out();
        move(pid, "node2");
        lab.mig(List.of("lab", "agent", "node2", "kill")).must();
        lab.awaitUp(NODES);
        move(pid, "node3");
        lab.mig(List.of("lab", "agent", "node3", "kill")).must();
        lab.awaitUp(NODES);
        move(pid, "node2");
        move(pid, "node1");
        move(pid, "node3");

        Awaitility.await()
                .atMost(LONG)
                .until(
                        () ->
                                lab.exec("node1", "cat", "/opt/app/data/small.done")
                                        .out()
                                        .equals("done"));
        lab.write(
                "node1",
                "/opt/app/data/expect.py",
                """
                m = bytearray(1 << 20)
                for i in range(60000):
                    at = (i * 4099) % (1 << 20) & ~7
                    m[at:at + 8] = b"%08d" % i
                small = b"".join(b"%07d\\n" % i for i in range(60000))
                print(open("mapped", "rb").read() == m, open("small", "rb").read() == small)
                """);
        assertThat(lab.sh("node1", "cd /opt/app/data && python3 expect.py; cat small.err").out())
                .isEqualTo("True True");
    }

    @Test
    void shouldTearNoLineWhenGuestsOfTwoNodesAndHomeAppendToOneLog() {
        String second = walk("second", 1000);
        String third = walk("third", 1000);
        walk("first", 1000);
        move(second, "node2");
        move(third, "node3");

        complete("first", 1000);
        complete("second", 1000);
        complete("third", 1000);
        assertThat(
                        lab.sh(
                                        "node1",
                                        "grep -vcE '^[a-z]+ [0-9]+ word[0-6] -*[.]$' /opt/app/data/log")
                                .out())
                .isEqualTo("0");
    }

    /** Counts in a file under a lock; the second argument says how many milliseconds it is held. */
    private static final String COUNT =
            """
            use Fcntl qw(:DEFAULT :seek);
            my ($file, $rounds, $held) = @ARGV;
            sub lock_to { fcntl($f, F_SETLKW, pack('s s x4 q q i x4', $_[0], 0, 0, 0, 0)) or die "lock: $!" }
            open($f, '+<', $file) or die "$file: $!";
            for (1 .. $rounds) {
                lock_to(F_WRLCK);
                sysseek($f, 0, SEEK_SET);
                sysread($f, my $n, 20);
                select(undef, undef, undef, $held / 1000);
                sysseek($f, 0, SEEK_SET);
                syswrite($f, sprintf("%09d\n", $n + 1));
                lock_to(F_UNLCK);
                select(undef, undef, undef, 0.002);
            }
            """;

    private void count(String name, int rounds, int held) {
        lab.sh(
                        "node1",
                        "cd /opt/app/data; rm -f NAME.status; (setsid bash -c 'perl count.pl counter ROUNDS HELD NAME 2>NAME.err; echo $? >NAME.status' </dev/null >/dev/null 2>&1 &)"
                                .replace("NAME", name)
                                .replace("HELD", String.valueOf(held))
                                .replace("ROUNDS", String.valueOf(rounds)))
                .must();
    }

    private String pidOfCounter(String name) {
        return Awaitility.await()
                .until(
                        () -> lab.exec("node1", "pgrep", "-n", "-f", "^perl count.pl .* " + name),
                        a -> a.status() == 0)
                .out();
    }

    @Test
    void shouldNeverLoseALockWhenItsHolderMoves() {
        lab.write("node1", "/opt/app/data/count.pl", COUNT);
        lab.sh("node1", "echo 000000000 >/opt/app/data/counter").must();
        int rounds = 1500;
        count("guest", rounds, 3);
        String pid = pidOfCounter("guest");
        move(pid, "node2");
        count("native", rounds, 0);
        move(pid, "node3");
        move(pid, "node2");
        move(pid, "node3");

        assertThat(status("guest"))
                .as(lab.exec("node1", "cat", "/opt/app/data/guest.err").out())
                .isEqualTo("0");
        assertThat(status("native")).isEqualTo("0");
        assertThat(lab.exec("node1", "cat", "/opt/app/data/counter").out())
                .isEqualTo("%09d".formatted(2 * rounds));
    }

    @Test
    void shouldStayWhereItIsWhenItHoldsALockAllTheTime() {
        lab.write("node1", "/opt/app/data/count.pl", COUNT);
        lab.sh("node1", "echo 000000000 >/opt/app/data/counter").must();
        count("holder", 1, 60_000);
        String pid = pidOfCounter("holder");
        JsonObject answer = lab.json("migrate", pid, "node2");
        assertThat(answer.string("outcome")).isEqualTo("refused");
        assertThat(answer.string("reason", "")).contains("holds a lock");
        lab.exec("node1", "kill", pid).must();
        assertThat(status("holder")).isEqualTo("143");
    }
}
