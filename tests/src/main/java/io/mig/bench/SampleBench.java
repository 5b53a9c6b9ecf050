package io.mig.bench;

import io.mig.testkit.LabDriver;
import io.mig.testkit.Sleepers;
import java.io.PrintStream;

/**
 * {@code mig bench sample [PROCESSES [SECONDS]]}: the processor time that an agent spends on
 * looking once per second, without and with many managed processes on its node.
 */
final class SampleBench {
    private static final double GOAL_PERCENT = 1;

    /** Processor time of the agent's thread of that name, or of the agent, in nanoseconds. */
    private static final String SPENT =
            """
            agent=$(pgrep -o -f AgentMain)
            ns() { cat /proc/$agent/task/*/schedstat | awk '{s += $1} END {printf "%.0f", s}'; }
            part() {
                for t in /proc/$agent/task/*; do
                    [ "$(cat $t/comm)" = balance ] && cut -d' ' -f1 $t/schedstat
                done
            }
            a=$(ns) b=$(part) t=$EPOCHREALTIME
            sleep SECONDS
            awk -v a=$a -v b=$b -v t=$t -v c=$(ns) -v d=$(part) -v u=$EPOCHREALTIME \\
                'BEGIN {printf "%.3f %.3f", (c - a) / 1e7 / (u - t), (d - b) / 1e7 / (u - t)}'
            """;

    private static final int SETTLE_SECONDS = 40;

    private SampleBench() {}

    static boolean run(LabDriver lab, int processes, int seconds, PrintStream out) {
        lab.up(2);
        Sleepers.build(lab);
        settle(lab);
        double[] idle = spent(lab, seconds);
        Sleepers.start(lab, "node1", processes);
        Sleepers.await(lab, processes);
        settle(lab);
        double[] busy = spent(lab, seconds);
        String load = lab.sh("node1", "cut -d' ' -f1 /proc/loadavg").must();
        out.printf("percent of a core over %d s; load of the machine %s%n", seconds, load);
        out.printf("  %-34s agent %6.2f   thread balance %6.2f%n", "idle", idle[0], idle[1]);
        out.printf(
                "  %-34s agent %6.2f   thread balance %6.2f%n",
                processes + " managed processes", busy[0], busy[1]);
        double cost = busy[0] - idle[0];
        out.printf(
                "  %-34s       %6.2f%s%n",
                "looking at them",
                cost,
                cost < GOAL_PERCENT ? "" : "   above the goal of " + GOAL_PERCENT);
        return cost < GOAL_PERCENT;
    }

    /** Code that runs often is compiled by then. */
    private static void settle(LabDriver lab) {
        lab.sh("node1", "sleep " + SETTLE_SECONDS).must();
    }

    private static double[] spent(LabDriver lab, int seconds) {
        String[] words =
                lab.sh("node1", SPENT.replace("SECONDS", String.valueOf(seconds)))
                        .must()
                        .split(" ");
        return new double[] {Double.parseDouble(words[0]), Double.parseDouble(words[1])};
    }
}
