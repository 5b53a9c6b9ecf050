/**
 * Where processes should run: pure functions of a view and a policy. The same input gives the same
 * output; no clock, no randomness, no network, no state that is not handed in. The simulator runs
 * exactly this code.
 */
@NullMarked
package io.mig.balance.decide;

import org.jspecify.annotations.NullMarked;
