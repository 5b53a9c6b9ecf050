package io.mig.balance.sim;

import io.mig.balance.policy.Policy;

/** Plays scenarios. Stateless; safe for any thread. */
public final class Laboratory {
    private Laboratory() {}

    /**
     * Plays one scenario.
     *
     * @param policy for the strategies that obey one
     */
    public static Outcome play(
            Scenario scenario, Strategy strategy, Policy policy, Physics physics) {
        Bounds bounds = new Bounds(scenario);
        return switch (strategy) {
            case FAIR -> bounds.outcome(bounds.fair());
            case CLAIRVOYANT -> bounds.outcome(bounds.clairvoyant());
            case NONE, RANDOM, ROUND_ROBIN, PLACEMENT, OURS, KNOWING ->
                    new ClusterSimulation(scenario, strategy, policy, physics).run();
        };
    }
}
