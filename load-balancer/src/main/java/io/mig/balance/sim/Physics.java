package io.mig.balance.sim;

import io.mig.balance.view.Link;

/**
 * What nature allows in the simulation.
 *
 * @param periodSeconds between two looks of a node at itself, two messages and two decisions
 * @param line between any two nodes
 */
public record Physics(double periodSeconds, Link line) {
    /** Once per second, over ten gigabits. */
    public static final Physics USUAL = new Physics(1, new Link(1.1e9, 0.2));
}
