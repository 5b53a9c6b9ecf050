package io.mig.balance.sim;

import java.util.Arrays;
import java.util.List;

/** Figures from the times at which jobs ended. */
final class Slowdowns {
    private Slowdowns() {}

    static Outcome outcome(
            Scenario scenario,
            double[] finish,
            int bornAway,
            int moves,
            int pingPong,
            int mostMoves,
            int refused,
            double makespan,
            double frozen) {
        List<SimJob> jobs = scenario.jobs();
        double fastest = scenario.fastest();
        double[] slow = new double[jobs.size()];
        for (int j = 0; j < slow.length; j++) {
            SimJob job = jobs.get(j);
            slow[j] = (finish[j] - job.arrival()) / (job.work() / fastest);
        }
        Arrays.sort(slow);
        return new Outcome(
                Arrays.stream(slow).average().orElse(1),
                slow.length == 0 ? 1 : slow[(int) (0.95 * (slow.length - 1))],
                makespan,
                slow.length,
                bornAway,
                moves,
                pingPong,
                mostMoves,
                refused,
                frozen);
    }
}
