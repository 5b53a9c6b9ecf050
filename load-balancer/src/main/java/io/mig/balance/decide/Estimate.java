package io.mig.balance.decide;

/**
 * What moving one process to one node is expected to bring.
 *
 * @param speedHere speed it has where it is: processor time of a reference processor per second
 * @param speedThere speed it would have there
 * @param workLeft processor time it is expected to need still: as much as it has had (Pareto
 *     lifetimes: the median of the remaining life is the present age)
 * @param cost of the move
 * @param clusterBefore opportunity cost of the two nodes now
 * @param clusterAfter opportunity cost of the two nodes after the move
 */
public record Estimate(
        double speedHere,
        double speedThere,
        double workLeft,
        MoveCost cost,
        double clusterBefore,
        double clusterAfter) {

    /** Time until it ends if it stays. */
    public double secondsIfStays() {
        return workLeft / Math.max(speedHere, 1e-6);
    }

    /** Time it gains by moving, the cost of the move taken off; negative when it loses. */
    public double secondsSaved() {
        return secondsIfStays() - workLeft / Math.max(speedThere, 1e-6) - cost.lostSeconds();
    }

    /** The gain as a share of the time until it ends. */
    public double shareSaved() {
        return workLeft <= 0 ? 0 : secondsSaved() / secondsIfStays();
    }
}
