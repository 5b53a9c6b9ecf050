/**
 * Can this process move, and there? Decided before anything stops, by a pure function over facts:
 * {@link io.mig.migration.preflight.Preflight}. Every obstacle is named with its owner, what it is,
 * why it is in the way and what to do; a refusal costs the process nothing.
 *
 * <p>Reading facts ({@code SourceFactsReader}, {@code FileCheck}, {@code SharedProbe}) is apart
 * from judging them (the {@code ...Rules}). The package knows no network and no migration state;
 * the table of all obstacles is in README.md here.
 */
@NullMarked
package io.mig.migration.preflight;

import org.jspecify.annotations.NullMarked;
