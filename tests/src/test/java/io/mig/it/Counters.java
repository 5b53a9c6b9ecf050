package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.ctl.lab.LabMain;
import io.mig.json.JsonObject;
import io.mig.testkit.LabDriver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;

/**
 * A lab of three nodes with a program that counts: {@code /shared/count.pl N} prints the numbers
 * from 1 to N, one each 20 ms, and exits with 7. What it printed shows at once whether a byte is
 * missing or came twice.
 */
final class Counters implements AutoCloseable {
    static final List<String> NODES = List.of("node1", "node2", "node3");

    private static final String COUNT =
            """
            $| = 1;
            for my $n (1 .. $ARGV[0]) { print "$n\\n"; select undef, undef, undef, 0.02; }
            exit 7;
            """;

    private final LabDriver lab;

    Counters(String lab) {
        this.lab = new LabDriver(home(), lab + ProcessHandle.current().pid());
    }

    /** The folder of the {@code mig} script. */
    static Path home() {
        String told = System.getProperty("mig.home");
        return told == null ? LabMain.home() : Path.of(told);
    }

    LabDriver lab() {
        return lab;
    }

    /** Without root the test is skipped, and says so. */
    void up() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        lab.up(NODES.size());
        lab.write("node1", "/shared/count.pl", COUNT);
    }

    @Override
    public void close() {
        lab.close();
    }

    static String numbers(int last) {
        return IntStream.rangeClosed(1, last)
                .mapToObj(String::valueOf)
                .collect(Collectors.joining("\n"));
    }

    /** Waits until node1 runs a program whose command line matches. */
    String pid(String pattern) {
        return Awaitility.await()
                .until(() -> lab.exec("node1", "pgrep", "-o", "-f", pattern), a -> a.status() == 0)
                .out();
    }

    void move(String pid, String node) {
        JsonObject answer =
                node.equals("node1") ? lab.json("home", pid) : lab.json("migrate", pid, node);
        assertThat(answer.string("outcome"))
                .as("%s to %s: %s", pid, node, answer)
                .isEqualTo("moved");
    }

    /** The text of a file in the shared directory, empty when there is none. */
    String read(String file) {
        return lab.exec("node1", "cat", "/shared/" + file).out();
    }

    /** Waits for a file in the shared directory that says how a program ended. */
    String status(String name) {
        return Awaitility.await()
                .atMost(Duration.ofMinutes(2))
                .until(() -> read(name + ".status"), s -> !s.isEmpty());
    }
}
