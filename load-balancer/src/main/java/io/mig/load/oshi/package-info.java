/** The only package that knows OSHI: the node's counters through it. */
@NullMarked
package io.mig.load.oshi;

import org.jspecify.annotations.NullMarked;
