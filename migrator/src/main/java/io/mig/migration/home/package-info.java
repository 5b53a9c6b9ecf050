/** The side that decides: one journal entry is the only moment ownership changes. */
@NullMarked
package io.mig.migration.home;

import org.jspecify.annotations.NullMarked;
