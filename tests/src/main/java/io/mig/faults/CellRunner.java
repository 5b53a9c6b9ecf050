package io.mig.faults;

import io.mig.fault.FaultKind;
import io.mig.fault.FaultPoint;
import io.mig.testkit.LabDriver;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/** Tries cells of the matrix one after the other in a lab of its own. For one thread. */
final class CellRunner {
    private static final Duration SETTLE = Duration.ofSeconds(45);
    private static final long POLL_NANOS = 200_000_000L;
    private static final List<String> NODES = List.of("node1", "node2", "node3");

    private final LabDriver lab;

    CellRunner(LabDriver lab) {
        this.lab = lab;
    }

    /** What earlier cells left is gone afterwards. */
    void freshLab() {
        lab.up(NODES.size());
    }

    FaultMatrix.Cell run(FaultPoint point, FaultKind kind, String leg) {
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
        return new FaultMatrix.Cell(
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
                                "pgrep -a mig-capsule; pgrep -a mig-deputy; ls -d /sys/fs/cgroup/mig/*/ 2>/dev/null"
                                        // the files of a home stay mounted for a while
                                        + " | grep -v /tree-;"
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
    private static void until(String otherwise, BooleanSupplier condition) {
        long end = System.nanoTime() + SETTLE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException(otherwise + " within " + SETTLE.toSeconds() + " s");
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }
}
