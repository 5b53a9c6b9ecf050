package io.mig.bench;

import java.util.List;

/** The middle of what was measured; not a number when nothing was. */
final class Median {
    private Median() {}

    static double of(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int n = sorted.length;
        return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }
}
