/**
 * The native line: the only package of this module that knows JNA. Integers, errno and pointers end
 * here; outside are typed outcomes and {@link io.mig.checkpoint.criu.jna.ErrnoException}.
 */
@NullMarked
package io.mig.checkpoint.criu.jna;

import org.jspecify.annotations.NullMarked;
