package io.mig.demo;

import io.mig.ctl.lab.LabMain;
import io.mig.json.JsonObject;
import io.mig.testkit.LabDriver;
import io.mig.testkit.LabDriver.Answer;
import io.mig.testkit.Terminal;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * {@code mig demo balance}: forty workers of mixed length are forked in a {@code mig shell} on one
 * of four nodes of 0.4 processors each; they spread by themselves. Then one node is drained and the
 * owner of another comes back. Prints the time until all have ended beside the ideal and beside one
 * node alone, which are calculated from the work.
 */
final class BalanceDemo {
    private static final double SHARE = 0.4;
    private static final int NODES = 4;
    private static final int WORKERS = 40;
    private static final int UNITS_PER_STEP = 120;
    private static final int STEPS = 8;
    private static final long LONGEST_SECONDS = 900;

    private static final String WORKER =
            """
            my ($units, $status) = @ARGV; # endless with 0 units
            my $x = 0;
            for (my $u = 0; !$units || $u < $units; $u++) {
                for my $i (1 .. 200_000) { $x = ($x * 31 + $i) % 1000003; }
            }
            exit $status;
            """;

    private static final String FORK =
            """
            cd /shared; rm -f codes; pids=()
            begin=${EPOCHREALTIME/./}
            for i in $(seq 1 WORKERS); do
                perl work.pl $(((i % STEPS + 1) * UNITS)) $((i % 7)) & pids+=($!)
            done
            for pid in "${pids[@]}"; do wait $pid; all+="$? "; done
            end=${EPOCHREALTIME/./}
            echo "$(((end - begin) / 1000)) $all" >codes.new; mv codes.new codes
            """
                    .replace("WORKERS", String.valueOf(WORKERS))
                    .replace("STEPS", String.valueOf(STEPS))
                    .replace("UNITS", String.valueOf(UNITS_PER_STEP));

    private final LabDriver lab;
    private final PrintStream out;

    private BalanceDemo(LabDriver lab, PrintStream out) {
        this.lab = lab;
        this.out = out;
    }

    /** Shows it in a lab of its own; the names of what did not go as it should. */
    static List<String> failures(PrintStream out) {
        try (LabDriver lab = new LabDriver(LabMain.home(), "demobal")) {
            Thread down = Thread.ofPlatform().unstarted(lab::close);
            Runtime.getRuntime().addShutdownHook(down); // Ctrl-C leaves no lab behind
            try {
                return new BalanceDemo(lab, out).run();
            } finally {
                Runtime.getRuntime().removeShutdownHook(down);
            }
        }
    }

    private List<String> run() {
        List<String> wrong = new ArrayList<>();
        out.println(
                "=== four nodes on this machine, each with 0.4 processors for programs and guests;");
        out.println("    what is left of two processors is for the four agents");
        lab.up(NODES, "--cpus", String.valueOf(SHARE));
        lab.write("node1", "/shared/work.pl", WORKER);
        lab.write("node1", "/shared/fork.sh", FORK);
        String policy = "[[node]]\nmatch = \"node4\"\nowner_first = true\n";
        IntStream.rangeClosed(1, NODES)
                .forEach(k -> lab.write("node" + k, "/etc/mig/policy.toml", policy));
        double unit = secondsPerUnit();
        try (Terminal shell = lab.terminal("node1", null)) {
            shell.line("PS1='$ '; mig shell; echo left=$((6*7))");
            out.println("\n=== node1$ mig shell; forks " + WORKERS + " workers with & and waits");
            shell.line(". /shared/fork.sh");
            String codes = watch();
            double ideal = units() * unit / (NODES * SHARE);
            wrong.addAll(judge(codes, ideal, ideal * NODES));
            wrong.addAll(doors(shell));
            shell.line("exit");
        }
        return wrong;
    }

    private static int units() {
        return IntStream.rangeClosed(1, WORKERS).map(i -> (i % STEPS + 1) * UNITS_PER_STEP).sum();
    }

    /** Processor time of one unit of work, on this machine as it is now. */
    private double secondsPerUnit() {
        int probe = 10;
        String times =
                lab.sh("node1", "TIMEFORMAT=%U; time perl /shared/work.pl " + probe + " 0").err();
        return Double.parseDouble(times.strip()) / probe;
    }

    private String watch() {
        long begin = System.nanoTime();
        long next = 0;
        while (true) {
            double seconds = (System.nanoTime() - begin) / 1e9;
            Answer codes = lab.sh("node1", "cat /shared/codes 2>/dev/null");
            if (codes.status() == 0 || seconds > LONGEST_SECONDS) {
                return codes.out();
            }
            if (seconds >= next) {
                out.printf(
                        "%5.0f s  ps at home lists %s; bodies: %s%n",
                        seconds, lab.sh("node1", "pgrep -fc '^perl work.pl'").out(), places());
                next += 10;
            }
            pause(1);
        }
    }

    private static void pause(int seconds) {
        LockSupport.parkNanos(seconds * 1_000_000_000L);
    }

    /** How many bodies run where. */
    private Map<String, Integer> places() {
        Map<String, Integer> places = new TreeMap<>();
        board().array("managed").objects().stream()
                .filter(p -> p.string("command", "").equals("perl"))
                .forEach(p -> places.merge(p.string("node", "?"), 1, Integer::sum));
        return places;
    }

    private JsonObject board() {
        return lab.json("top");
    }

    private List<String> judge(String codes, double ideal, double alone) {
        List<String> wrong = new ArrayList<>();
        String expected =
                IntStream.rangeClosed(1, WORKERS)
                        .mapToObj(i -> String.valueOf(i % 7))
                        .collect(Collectors.joining(" "));
        String[] words = codes.strip().split(" ", 2);
        boolean right = words.length == 2 && words[1].strip().equals(expected);
        out.println("exit codes of all " + WORKERS + ": " + (right ? "right" : "WRONG " + codes));
        if (!right) {
            wrong.add("exit codes");
            return wrong;
        }
        double made = Double.parseDouble(words[0]) / 1000;
        out.printf(
                "makespan %.1f s; one node alone %.1f s; ideal %.1f s: %.0f %% above ideal%n",
                made, alone, ideal, (made / ideal - 1) * 100);
        out.println(lab.sh("node1", "mig log -n 1000 --json | grep -c moved").out() + " moves");
        return wrong;
    }

    private List<String> doors(Terminal shell) {
        List<String> wrong = new ArrayList<>();
        out.println("\n=== node1$ eight workers that do not end; mig drain node3 --deadline 60s");
        shell.line("for i in 1 2 3 4 5 6 7 8; do perl /shared/work.pl 0 0 & done");
        for (int i = 0; i < 60 && places().getOrDefault("node3", 0) == 0; i++) {
            pause(1);
        }
        pause(5);
        out.println("bodies: " + places());
        long begin = System.nanoTime();
        Answer drain = lab.exec("node2", "mig", "drain", "node3", "--deadline", "60s");
        out.printf(
                "%s%s after %.1f s; bodies: %s%n",
                drain.out(), drain.err(), (System.nanoTime() - begin) / 1e9, places());
        if (drain.status() != 0) {
            wrong.add("drain");
        }
        out.println("\n=== node4$ mig owner back");
        begin = System.nanoTime();
        lab.exec("node4", "mig", "owner", "back");
        double cleared = 0;
        while (cleared < 60) {
            cleared = (System.nanoTime() - begin) / 1e9;
            if (places().getOrDefault("node4", 0) == 0) {
                break;
            }
            pause(1);
        }
        out.printf("node4 is its owner's after %.1f s; bodies: %s%n", cleared, places());
        if (cleared >= 60) {
            wrong.add("owner");
        }
        String away =
                board().array("managed").objects().stream()
                        .filter(p -> !p.string("node", "").equals("node1"))
                        .map(p -> p.string("process", ""))
                        .findFirst()
                        .orElse("node1:1");
        out.println("\n=== node1$ mig why " + away);
        out.println(lab.exec("node1", "mig", "why", away).out());
        out.println("\n=== node1$ mig top");
        out.println(lab.exec("node1", "mig", "top", "--once").out());
        lab.sh("node1", "pkill -f '^perl /shared/work.pl 0'"); // in the node's own pid namespace
        return wrong;
    }
}
