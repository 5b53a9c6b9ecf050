package io.mig.bench;

import io.mig.json.JsonObject;
import io.mig.testkit.LabDriver;
import io.mig.testkit.LabDriver.Answer;
import io.mig.testkit.Sleepers;
import io.mig.testkit.Terminal;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * {@code mig bench ps [NODES [PROCESSES [RUNS]]]}: how long a user waits for {@code mig ps} and for
 * a frame of {@code mig top}, from the shell's fork to the last byte, with many agents and many
 * managed processes, and with one node that has lost its power.
 */
final class PsBench {
    private static final double GOAL_MILLIS = 300;

    /** What agents give each other for a listing. */
    private static final double TIME_OUT_MILLIS = 1500;

    private static final String TIMES =
            """
            LC_ALL=C TIMEFORMAT='%R %U %S'
            for i in $(seq RUNS); do
                { time COMMAND >/run/bench.out 2>/run/bench.err; } 2>&1
            done
            """;

    private final LabDriver lab;
    private final PrintStream out;
    private final int runs;

    private PsBench(LabDriver lab, PrintStream out, int runs) {
        this.lab = lab;
        this.out = out;
        this.runs = runs;
    }

    /** Measures in a lab of its own; whether the goals are met. */
    static boolean run(LabDriver lab, int nodes, int processes, int runs, PrintStream out) {
        List<String> names = IntStream.rangeClosed(1, nodes).mapToObj(n -> "node" + n).toList();
        lab.up(nodes);
        Sleepers.build(lab);
        int each = (processes + nodes - 1) / nodes;
        names.forEach(node -> Sleepers.start(lab, node, each));
        lab.awaitUp(names);
        Sleepers.await(lab, processes);
        return new PsBench(lab, out, runs).all(names);
    }

    private boolean all(List<String> nodes) {
        out.printf(
                "%d agents, %d managed processes; medians of %d, milliseconds as the shell sees"
                        + " them; load of the machine %s%n",
                nodes.size(), lab.json("top").array("managed").size(), runs, load());
        boolean good = line("mig ps", "mig ps", GOAL_MILLIS);
        good &= line("mig ps --json", "mig ps --json", GOAL_MILLIS);
        good &= line("mig top --once", "mig top --once", GOAL_MILLIS);
        good &= told("mig top on a terminal, first frame", frames(), GOAL_MILLIS);
        line("mig version (an agent's shortest answer)", "mig version", GOAL_MILLIS);
        String dead = nodes.getLast();
        lab.mig(List.of("lab", "kill", dead)).must();
        good &=
                told(
                        "mig ps right after " + dead + " lost its power",
                        times("mig ps", 1).stream().map(t -> 1000 * t[0]).toList(),
                        GOAL_MILLIS + TIME_OUT_MILLIS);
        boolean marked = lab.sh("node1", "cat /run/bench.err").out().contains(dead);
        out.println("    " + dead + (marked ? " is" : " IS NOT") + " named as silent");
        lab.awaitState(dead, "down");
        good &= line("mig ps with a node known to be dead", "mig ps", GOAL_MILLIS);
        JsonObject board = lab.json("top");
        out.printf(
                "    mig top: %d nodes answer, silent: %s%n",
                board.array("nodes").size(),
                board.array("unreachable").objects().stream()
                        .map(o -> o.string("node", "?"))
                        .toList());
        return good && marked;
    }

    /** What the command itself computes is the same on a busy machine: it is told besides. */
    private boolean line(String title, String command, double goal) {
        times(command, 1);
        List<double[]> times = times(command, runs);
        double computed = Median.of(times.stream().map(t -> 1000 * (t[1] + t[2])).toList());
        return told(
                "%s (computes %.0f)".formatted(title, computed),
                times.stream().map(t -> 1000 * t[0]).toList(),
                goal);
    }

    private boolean told(String title, List<Double> millis, double goal) {
        double median = Median.of(millis);
        out.printf(
                "  %-45s %6.0f   (%.0f to %.0f)%s%n",
                title,
                median,
                millis.stream().mapToDouble(d -> d).min().orElse(Double.NaN),
                millis.stream().mapToDouble(d -> d).max().orElse(Double.NaN),
                median <= goal ? "" : "   above the goal of %.0f".formatted(goal));
        return median <= goal;
    }

    /** Seconds: real, user, system. */
    private List<double[]> times(String command, int count) {
        Answer answer =
                lab.sh(
                        "node1",
                        TIMES.replace("COMMAND", command).replace("RUNS", String.valueOf(count)));
        return answer.must()
                .lines()
                .map(l -> Arrays.stream(l.split(" ")).mapToDouble(Double::parseDouble).toArray())
                .toList();
    }

    /** From Enter to the last line of the first frame. */
    private List<Double> frames() {
        List<Double> millis = new ArrayList<>();
        try (Terminal terminal = lab.terminal("node1", null)) {
            terminal.type("PS1='ready> '\r");
            terminal.expect("ready> $");
            for (int i = 0; i < runs; i++) {
                long from = System.nanoTime();
                terminal.type("mig top\r");
                terminal.expect("q quit");
                millis.add((System.nanoTime() - from) / 1e6);
                terminal.type("q");
                terminal.expect("ready> $");
            }
            terminal.type("exit\r");
        }
        return millis;
    }

    private String load() {
        return lab.sh("node1", "cut -d' ' -f1 /proc/loadavg").must();
    }
}
