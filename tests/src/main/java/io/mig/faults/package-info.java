/** The fault matrix: every fault point with every kind of fault, and what is left afterwards. */
@NullMarked
package io.mig.faults;

import org.jspecify.annotations.NullMarked;
