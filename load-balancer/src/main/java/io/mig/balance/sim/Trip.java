package io.mig.balance.sim;

import io.mig.balance.decide.MoveCost;

/**
 * A job on its way to a node: a birth, or a move whose memory is being copied and which then is
 * frozen.
 *
 * @param ticket of the target's desk; negative when the target has none
 */
record Trip(Running job, int from, int to, long ticket, MoveCost cost, boolean birth) {}
