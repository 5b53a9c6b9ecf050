/**
 * The policy laboratory: whole clusters in one thread, with the decision code and the gossip of
 * real nodes, and with bounds that no real cluster can reach.
 */
@NullMarked
package io.mig.balance.sim;

import org.jspecify.annotations.NullMarked;
