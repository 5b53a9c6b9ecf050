package io.mig.balance.policy;

import java.time.Duration;

/**
 * When a move is worth it.
 *
 * @param spread even or packed
 * @param hold how long an imbalance must last before anything moves by choice; zero, because the
 *     age of processes and the residency keep short peaks from moving anything already
 * @param minimumImprovement share of the remaining time that a move must save, at dial 3
 * @param minimumResidency how long a process stays at least where it is
 * @param noReturn how long a process does not go back to a node it has left, unless it must
 * @param movesAtOnce moves a node begins in one round
 * @param factHalfLife after this time a fact about another node counts half
 * @param maxFactAge older facts do not make a node a target
 * @param packFloor a node below this load gives its processes away when packing
 * @param packCeiling a node is filled up to this load when packing
 */
public record BalanceRules(
        Spread spread,
        Duration hold,
        double minimumImprovement,
        Duration minimumResidency,
        Duration noReturn,
        int movesAtOnce,
        Duration factHalfLife,
        Duration maxFactAge,
        double packFloor,
        double packCeiling) {
    public static final BalanceRules USUAL =
            new BalanceRules(
                    Spread.SPREAD,
                    Duration.ZERO,
                    0.20,
                    Duration.ofMillis(250),
                    Duration.ofMinutes(5),
                    4,
                    Duration.ofSeconds(20),
                    Duration.ofMinutes(2),
                    0.3,
                    0.85);
}
