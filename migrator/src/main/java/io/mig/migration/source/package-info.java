/**
 * The side a process leaves: check, reserve, freeze, dump, send, and after the decision release.
 */
@NullMarked
package io.mig.migration.source;

import org.jspecify.annotations.NullMarked;
