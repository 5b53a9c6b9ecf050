package io.mig.balance.sim;

import java.util.List;

/**
 * The outcomes of one strategy over many scenarios of one shape.
 *
 * @param label of the strategy or variant
 * @param load of the shape
 * @param slowdowns mean slowdown of each scenario
 * @param percentile95 mean of the scenarios' 95th percentiles
 * @param jobs of all scenarios
 * @param bornAway of all scenarios
 * @param moves of all scenarios
 * @param pingPong of all scenarios
 * @param mostMoves of one process in any scenario
 * @param seconds the simulation took
 */
record Series(
        String label,
        double load,
        List<Double> slowdowns,
        double percentile95,
        long jobs,
        long bornAway,
        long moves,
        long pingPong,
        int mostMoves,
        double seconds) {
    Series {
        slowdowns = List.copyOf(slowdowns);
    }

    double mean() {
        return slowdowns.stream().mapToDouble(d -> d).average().orElse(1);
    }

    /** Half of the 95 % confidence interval of the mean. */
    double error() {
        double mean = mean();
        double squares = slowdowns.stream().mapToDouble(d -> (d - mean) * (d - mean)).sum();
        int n = slowdowns.size();
        return n < 2 ? 0 : 1.96 * Math.sqrt(squares / (n - 1) / n);
    }

    double quantile(double share) {
        List<Double> sorted = slowdowns.stream().sorted().toList();
        return sorted.get((int) Math.round(share * (sorted.size() - 1)));
    }
}
