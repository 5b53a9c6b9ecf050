/** The side a process comes to: capsules, restored but not running until home has decided. */
@NullMarked
package io.mig.migration.target;

import org.jspecify.annotations.NullMarked;
