/**
 * Balancing, wired: finds the processes that are managed, tells other nodes how this one is,
 * decides each second with {@code io.mig.balance} and starts moves. Everything that changes belongs
 * to one thread, {@code balance}.
 */
@NullMarked
package io.mig.agent.balance;

import org.jspecify.annotations.NullMarked;
