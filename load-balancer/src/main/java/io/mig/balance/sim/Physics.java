package io.mig.balance.sim;

import io.mig.balance.view.Link;

/**
 * What nature allows in the simulation.
 *
 * @param periodSeconds between two looks of a node at itself, two messages and two decisions
 * @param lookSeconds between two looks of a node that has more to do than processors
 * @param line between any two nodes
 */
public record Physics(double periodSeconds, double lookSeconds, Link line) {
    /** As the agent does it: each second, four times when full, over ten gigabits. */
    public static final Physics USUAL = new Physics(1, 0.25, new Link(1.1e9, 0.2, false));
}
