package io.mig.balance.policy;

import java.time.Duration;

/**
 * When a new program is started on another node.
 *
 * @param place whether new programs are placed at all
 * @param startCost time that starting away takes longer than starting at home
 * @param expectedWork processor time a program of unknown length is thought to need
 * @param minimumImprovement share of that time which starting away must save
 */
public record BirthRules(
        boolean place, Duration startCost, Duration expectedWork, double minimumImprovement) {
    public static final BirthRules USUAL =
            new BirthRules(true, Duration.ofMillis(50), Duration.ofSeconds(2), 0.05);
}
