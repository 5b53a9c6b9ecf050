/**
 * What a node knows of the cluster at one moment: facts with their ages, immutable. Knows nothing
 * of policies, decisions, networks or clocks.
 */
@NullMarked
package io.mig.balance.view;

import org.jspecify.annotations.NullMarked;
