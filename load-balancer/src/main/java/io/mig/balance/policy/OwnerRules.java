package io.mig.balance.policy;

import java.time.Duration;

/**
 * What guests meet when the owner of their node comes back; all times count from that moment. At
 * once they are reniced.
 *
 * @param freezeAfter then they are frozen
 * @param leaveAfter then they are sent away
 * @param within all must be gone by then: what no other node takes goes home
 * @param idleAfter the owner counts as gone when there was no keyboard and no SSH for so long
 */
public record OwnerRules(
        Duration freezeAfter, Duration leaveAfter, Duration within, Duration idleAfter) {
    public static final OwnerRules USUAL =
            new OwnerRules(
                    Duration.ofSeconds(3),
                    Duration.ZERO,
                    Duration.ofSeconds(10),
                    Duration.ofMinutes(10));
}
