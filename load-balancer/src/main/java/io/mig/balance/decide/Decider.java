package io.mig.balance.decide;

import io.mig.balance.policy.Policy;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.ProcessView;
import io.mig.model.HomePid;

/**
 * Decides what should move. A pure function of its arguments: no clock, no randomness, no memory of
 * its own.
 */
public final class Decider {
    private Decider() {}

    /**
     * One round, for the processes that the looking node hosts.
     *
     * <p>Processes that are on their way belong into the view with an obstacle, and what they want
     * must not be counted in the looking node's own use any more.
     *
     * @param holds of the round before; {@link Holds#NONE} at first
     */
    public static Decision decide(ClusterView view, Policy policy, Holds holds) {
        return new Planner(view, policy, holds).plan();
    }

    /**
     * Why a process moves or stays, node by node, by the same rules.
     *
     * @throws IllegalArgumentException when the looking node does not host it
     */
    public static Explanation explain(
            ClusterView view, Policy policy, Holds holds, HomePid process) {
        ProcessView p =
                view.processes().stream()
                        .filter(v -> v.process().equals(process))
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new IllegalArgumentException(
                                                "process="
                                                        + process
                                                        + " is not on node="
                                                        + view.self()
                                                        + ": ask the node that hosts it"));
        return Explanation.of(view, policy, decide(view, policy, holds), p);
    }
}
