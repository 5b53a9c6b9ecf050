package io.mig.balance.sim;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Makes scenarios: nodes of different size and speed, users who work on some nodes more than on
 * others and start programs in batches, lifetimes after a Pareto law (Harchol-Balter and Downey,
 * ACM TOCS 15(3), 1997). The same seed gives the same scenario.
 */
public final class ScenarioGenerator {
    private static final int[] CORES = {2, 4, 4, 8};
    private static final long GIB = 1L << 30;

    private ScenarioGenerator() {}

    public static Scenario generate(Shape shape, long seed) {
        SplittableRandom r = new SplittableRandom(seed);
        List<SimNode> nodes = new ArrayList<>();
        double[] weight = new double[shape.nodes()];
        double weights = 0;
        double capacity = 0;
        double slowest = 1 / Math.sqrt(shape.speedSpread());
        for (int i = 0; i < shape.nodes(); i++) {
            int cores = CORES[r.nextInt(CORES.length)];
            double speed = slowest * Math.pow(shape.speedSpread(), r.nextDouble());
            long bytes = GIB * cores * (r.nextBoolean() ? 2 : 4);
            nodes.add(new SimNode(cores, speed, bytes));
            capacity += cores * speed;
            weight[i] = Math.pow(r.nextDouble(), 2) + 0.02;
            weights += weight[i];
        }
        double rate = shape.load() * capacity / shape.meanWork() / shape.batchMean();
        List<SimJob> jobs = new ArrayList<>();
        double now = 0;
        while (true) {
            now -= Math.log(1 - r.nextDouble()) / rate;
            if (now >= shape.seconds()) {
                break;
            }
            int home = pick(r, weight, weights);
            boolean forked = r.nextDouble() < shape.forkedShare();
            int batch = geometric(r, shape.batchMean());
            for (int i = 0; i < batch; i++) {
                boolean heavy = r.nextDouble() < shape.heavyShare();
                double bytes =
                        heavy
                                ? nodes.get(home).memoryBytes() * (0.05 + 0.2 * r.nextDouble())
                                : 20e6 * Math.pow(10, r.nextDouble());
                jobs.add(
                        new SimJob(
                                now + 0.02 * i,
                                home,
                                pareto(r, shape),
                                bytes,
                                forked,
                                r.nextDouble() < 0.2 ? 20e6 * r.nextDouble() : 1e6,
                                r.nextDouble() < 0.1 ? 20e6 * r.nextDouble() : 0));
            }
        }
        jobs.sort(Comparator.comparingDouble(SimJob::arrival));
        return new Scenario(seed, nodes, jobs);
    }

    private static int pick(SplittableRandom r, double[] weight, double sum) {
        double at = r.nextDouble() * sum;
        for (int i = 0; i < weight.length; i++) {
            at -= weight[i];
            if (at < 0) {
                return i;
            }
        }
        return weight.length - 1;
    }

    private static int geometric(SplittableRandom r, double mean) {
        int n = 1;
        while (n < 1000 && r.nextDouble() > 1 / mean) {
            n++;
        }
        return n;
    }

    /** Bounded Pareto by inversion. */
    private static double pareto(SplittableRandom r, Shape shape) {
        double a = shape.tail();
        double ratio = Math.pow(shape.shortest() / shape.longest(), a);
        return shape.shortest() / Math.pow(1 - r.nextDouble() * (1 - ratio), 1 / a);
    }
}
