package io.mig.balance.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Schedules that nothing real can reach, as a measure: no information is late, no move costs
 * anything, memory is never short, and what runs is not bound to a node.
 */
final class Bounds {
    private final Scenario scenario;

    /** Sum of the speeds of the fastest k processors. */
    private final double[] fastest;

    Bounds(Scenario scenario) {
        this.scenario = scenario;
        List<Double> speeds = new ArrayList<>();
        for (SimNode node : scenario.nodes()) {
            for (int i = 0; i < node.cores(); i++) {
                speeds.add(node.speed());
            }
        }
        speeds.sort(Comparator.reverseOrder());
        fastest = new double[speeds.size() + 1];
        for (int i = 0; i < speeds.size(); i++) {
            fastest[i + 1] = fastest[i] + speeds.get(i);
        }
    }

    /** All programs share all processors evenly; nobody has more than one. */
    double[] fair() {
        List<SimJob> jobs = scenario.jobs();
        double[] finish = new double[jobs.size()];
        PriorityQueue<double[]> running =
                new PriorityQueue<>(Comparator.comparingDouble(e -> e[0]));
        double virtual = 0;
        double now = 0;
        int next = 0;
        while (next < jobs.size() || !running.isEmpty()) {
            double[] first = running.peek();
            double speed = running.isEmpty() ? 0 : sum(running.size()) / running.size();
            double ends =
                    first == null ? Double.POSITIVE_INFINITY : now + (first[0] - virtual) / speed;
            double arrives =
                    next < jobs.size() ? jobs.get(next).arrival() : Double.POSITIVE_INFINITY;
            double then = Math.min(ends, arrives);
            virtual += speed * (then - now);
            now = then;
            if (ends <= arrives && first != null) {
                running.poll();
                finish[(int) first[1]] = now;
            } else {
                running.add(new double[] {virtual + jobs.get(next).work(), next});
                next++;
            }
        }
        return finish;
    }

    /**
     * The job with the smallest product of length and remaining length has the fastest processor,
     * the second the second fastest, and so on. On one machine this is the best known rule for mean
     * slowdown (Wierman, Harchol-Balter and others call it SPTP); here it stands for the best.
     */
    double[] clairvoyant() {
        List<SimJob> jobs = scenario.jobs();
        double[] finish = new double[jobs.size()];
        double[] left = jobs.stream().mapToDouble(SimJob::work).toArray();
        List<Integer> running = new ArrayList<>();
        double now = 0;
        int next = 0;
        while (next < jobs.size() || !running.isEmpty()) {
            running.sort(Comparator.comparingDouble(j -> left[j] * jobs.get(j).work()));
            double then = next < jobs.size() ? jobs.get(next).arrival() : Double.POSITIVE_INFINITY;
            boolean arrival = true;
            int served = Math.min(running.size(), fastest.length - 1);
            for (int k = 0; k < served; k++) {
                double ends = now + left[running.get(k)] / speed(k);
                if (ends <= then) {
                    then = ends;
                    arrival = false;
                }
            }
            for (int k = 0; k < served; k++) {
                left[running.get(k)] -= speed(k) * (then - now);
            }
            now = then;
            if (arrival) {
                running.add(next++);
            } else {
                double at = now;
                running.removeIf(
                        j -> {
                            boolean done = left[j] <= 1e-7;
                            if (done) {
                                finish[j] = at;
                            }
                            return done;
                        });
            }
        }
        return finish;
    }

    private double speed(int rank) {
        return fastest[rank + 1] - fastest[rank];
    }

    private double sum(int jobs) {
        return fastest[Math.min(jobs, fastest.length - 1)];
    }

    Outcome outcome(double[] finish) {
        return Slowdowns.outcome(
                scenario, finish, 0, 0, 0, 0, 0, Arrays.stream(finish).max().orElse(0), 0);
    }
}
