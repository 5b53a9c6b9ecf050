package io.mig.balance.view;

/** Refuses figures that no machine can have, so that a lying node does no harm further on. */
final class Checks {
    private Checks() {}

    static void fraction(String name, double value) {
        range(name, value, 0, 1);
    }

    static void range(String name, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new IllegalArgumentException(
                    "no such figure: " + name + "=" + value + " outside " + least + ".." + most);
        }
    }

    static void notNegative(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException("no such figure: " + name + "=" + value);
        }
    }
}
