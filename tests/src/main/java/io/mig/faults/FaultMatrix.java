package io.mig.faults;

import io.mig.ctl.lab.LabMain;
import io.mig.fault.FaultKind;
import io.mig.fault.FaultPoint;
import io.mig.testkit.LabDriver;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Makes a move go wrong at every fault point in every way and looks what is left: the program must
 * run exactly once (its numbered output has no gap and no double, and goes on), must end when it is
 * told to, and no capsule, cgroup, image or note of it may remain on any node.
 *
 * <p>Usage: {@code FaultMatrix [kind,kind...|all] [point prefix] [first|hop|both]}. Prints a table;
 * exit status 0 only if every cell is right.
 */
public final class FaultMatrix {
    private static final Duration SETTLE = Duration.ofSeconds(45);
    private static final long POLL_NANOS = 200_000_000L;
    private static final List<String> NODES = List.of("node1", "node2", "node3");

    private final LabDriver lab;
    private final PrintStream out;

    private FaultMatrix(LabDriver lab, PrintStream out) {
        this.lab = lab;
        this.out = out;
    }

    /** One cell and what came of it. */
    public record Cell(
            String point, String kind, String leg, String move, String verdict, long millis) {
        public boolean right() {
            return verdict.equals("ok");
        }
    }

    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String kinds = args.length > 0 ? args[0] : "all";
        String prefix = args.length > 1 ? args[1] : "";
        String legs = args.length > 2 ? args[2] : "both";
        List<Cell> cells;
        try (LabDriver lab = new LabDriver(LabMain.home(), labName())) {
            Thread down = Thread.ofPlatform().unstarted(lab::close);
            Runtime.getRuntime().addShutdownHook(down); // Ctrl-C leaves no lab behind
            cells = run(lab, kinds, prefix, legs, out);
            Runtime.getRuntime().removeShutdownHook(down);
        }
        System.exit(!cells.isEmpty() && cells.stream().allMatch(Cell::right) ? 0 : 1);
    }

    private static String labName() {
        return System.getenv().getOrDefault("MIG_LAB", "faults");
    }

    /**
     * Runs the chosen part of the matrix in a lab of three nodes, which it makes itself and leaves
     * up.
     *
     * @param kinds labels of {@link FaultKind} with commas, or {@code all}
     * @param prefix of the labels of {@link FaultPoint}
     * @param legs {@code first} (from home), {@code hop} (from a guest's node), {@code both}
     */
    public static List<Cell> run(
            LabDriver lab, String kinds, String prefix, String legs, PrintStream out) {
        lab.up(NODES.size());
        List<Cell> cells = new FaultMatrix(lab, out).all(kinds, prefix, legs);
        out.printf(
                Locale.ROOT,
                "%d cells, %d wrong%n",
                cells.size(),
                cells.stream().filter(c -> !c.right()).count());
        return cells;
    }

    private List<Cell> all(String kinds, String prefix, String legs) {
        List<Cell> cells = new ArrayList<>();
        out.printf(
                "%-22s %-6s %-6s %-9s %7s  %s%n", "POINT", "KIND", "LEG", "MOVE", "MS", "VERDICT");
        for (FaultPoint point : FaultPoint.values()) {
            for (FaultKind kind : FaultKind.values()) {
                boolean wanted =
                        (kinds.equals("all")
                                        || Arrays.asList(kinds.split(",")).contains(kind.label()))
                                && point.label().startsWith(prefix);
                for (String leg : List.of("first", "hop")) {
                    boolean meets = leg.equals("first") || !point.name().startsWith("HOME_DEPUTIS");
                    if (wanted && meets && (legs.equals("both") || legs.equals(leg))) {
                        Cell cell = cell(point, kind, leg);
                        cells.add(cell);
                        out.printf(
                                Locale.ROOT,
                                "%-22s %-6s %-6s %-9s %7d  %s%n",
                                cell.point(),
                                cell.kind(),
                                cell.leg(),
                                cell.move(),
                                cell.millis(),
                                cell.verdict());
                        if (!cell.right()) {
                            if (System.getenv("MIG_FAULTS_KEEP") != null) {
                                Runtime.getRuntime().halt(1); // the lab stays as it is, to look at
                            }
                            lab.up(NODES.size()); // what it left shall not count against the next
                        }
                    }
                }
            }
        }
        return cells;
    }

    private Cell cell(FaultPoint point, FaultKind kind, String leg) {
        long begin = System.nanoTime();
        String move = "-";
        String verdict;
        try {
            awaitConnected();
            String pid = start();
            if (leg.equals("hop")) {
                LabDriver.Answer first = migrate(pid, "node2");
                if (first.status() != 0) {
                    throw new IllegalStateException("first hop failed: " + first.err());
                }
            }
            arm(point, kind, leg);
            LabDriver.Answer outcome = migrate(pid, leg.equals("first") ? "node2" : "node3");
            move = outcome.status() == 0 ? "moved" : "refused";
            verdict = afterwards();
        } catch (IllegalStateException e) {
            verdict = String.valueOf(e.getMessage()).lines().findFirst().orElse("?");
        }
        disarm();
        return new Cell(
                point.label(),
                kind.label(),
                leg,
                move,
                verdict,
                (System.nanoTime() - begin) / 1_000_000);
    }

    /** Agents see each other, and disks that the last fault has filled are empty again. */
    private void awaitConnected() {
        String look =
                "for f in /run/mig /var/lib/mig; do [ ! -e $f/.fault-filler ] || exit; done;"
                        + " mig nodes --json";
        until(
                "agents are not connected",
                () ->
                        NODES.stream()
                                .allMatch(
                                        node ->
                                                lab.sh(node, look)
                                                                .out()
                                                                .split("\"state\":\\s*\"up\"", -1)
                                                                .length
                                                        == NODES.size() + 1));
    }

    private String start() {
        lab.sh("node1", "rm -f /shared/stop /shared/out /shared/pid");
        // nothing forks in the loop but sleep; the output is numbered
        lab.sh(
                "node1",
                "cd /shared; setsid sh -c 'i=0; while [ ! -e /shared/stop ]; do i=$((i+1)); echo $i; sleep 0.05; done;"
                        + " echo end' </dev/null >/shared/out 2>/dev/null & echo $! >/shared/pid");
        until("program does not start", () -> lines() > 2);
        return lab.sh("node1", "cat /shared/pid").out().strip();
    }

    private void arm(FaultPoint point, FaultKind kind, String leg) {
        String node =
                switch (point.role()) {
                    case HOME -> "node1";
                    case SOURCE -> leg.equals("first") ? "node1" : "node2";
                    case TARGET -> leg.equals("first") ? "node2" : "node3";
                };
        lab.sh(
                node,
                "mkdir -p /run/mig/faults && echo "
                        + point.label()
                        + ":"
                        + kind.label()
                        + " >/run/mig/faults/plan");
    }

    private void disarm() {
        NODES.forEach(node -> lab.sh(node, "rm -rf /run/mig/faults"));
    }

    private LabDriver.Answer migrate(String pid, String to) {
        return lab.sh("node1", "mig migrate " + pid + " " + to);
    }

    /** Waits until the program runs on, ends it, and looks at what is left. */
    private String afterwards() {
        long seen = lines();
        until("program does not go on", () -> lines() > seen + 5);
        lab.sh("node1", "touch /shared/stop");
        until(
                "program does not end",
                () -> lab.sh("node1", "tail -n 1 /shared/out").out().strip().equals("end"));
        String[] said = lab.sh("node1", "cat /shared/out").out().strip().split("\n");
        String[] expected =
                IntStream.rangeClosed(1, said.length - 1)
                        .mapToObj(Integer::toString)
                        .toArray(String[]::new);
        if (!Arrays.equals(expected, Arrays.copyOf(said, said.length - 1))) {
            return "output has gaps or doubles";
        }
        StringBuilder left = new StringBuilder();
        try {
            until(
                    "left behind",
                    () -> {
                        left.setLength(0);
                        NODES.forEach(node -> left.append(leftovers(node)));
                        return left.isEmpty();
                    });
        } catch (IllegalStateException e) {
            return "left behind: " + left.toString().replace('\n', ' ').strip();
        }
        return "ok";
    }

    private String leftovers(String node) {
        String found =
                lab.sh(
                                node,
                                "pgrep -a mig-capsule; pgrep -a mig-deputy; ls -d /sys/fs/cgroup/mig/*/ 2>/dev/null;"
                                        + " ls -d /sys/fs/cgroup/*/mig-move* 2>/dev/null; ls /run/mig/moves"
                                        + " /run/mig/notes 2>/dev/null | grep -v : ; ls /run/mig/guests/*.guest 2>/dev/null;"
                                        + " true")
                        .out()
                        .strip();
        return found.isEmpty() ? "" : node + ": " + found + " ";
    }

    private long lines() {
        String count = lab.sh("node1", "wc -l </shared/out 2>/dev/null || echo 0").out().strip();
        return count.matches("[0-9]+") ? Long.parseLong(count) : 0;
    }

    /** Waits for a condition of the outside world, which tells nobody when it comes true. */
    private static void until(String otherwise, java.util.function.BooleanSupplier condition) {
        long end = System.nanoTime() + SETTLE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException(otherwise + " within " + SETTLE.toSeconds() + " s");
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }
}
