/** What source, target and home have in common: messages, phases, outcomes. */
@NullMarked
package io.mig.migration;

import org.jspecify.annotations.NullMarked;
