package io.mig.balance.decide;

import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.Locale;

/**
 * Move this process there, because.
 *
 * @param process which
 * @param source where it is
 * @param target where it should be
 * @param reason why
 * @param estimate what it is expected to bring and cost
 * @param automatic whether it may be done without asking, by the policy
 * @param deadlineMillis by the clock of the view; {@link Long#MAX_VALUE} when there is no hurry
 */
public record Proposal(
        HomePid process,
        NodeId source,
        NodeId target,
        Reason reason,
        Estimate estimate,
        boolean automatic,
        long deadlineMillis) {

    /** One line for people. */
    public String text() {
        return String.format(
                Locale.ROOT,
                "move %s from %s to %s: %s; runs at %.2f instead of %.2f, saves %.1f s of %.1f s,"
                        + " freezes %.0f ms, copies %.1f MB%s",
                process.brief(),
                source,
                target,
                reason.words(),
                estimate.speedThere(),
                estimate.speedHere(),
                estimate.secondsSaved(),
                estimate.secondsIfStays(),
                estimate.cost().freezeSeconds() * 1000,
                estimate.cost().bytes() / 1e6,
                automatic ? "" : " (recommended only)");
    }
}
