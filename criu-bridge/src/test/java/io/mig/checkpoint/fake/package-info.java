/** Stands in for CRIU where a test is about what happens around a dump or restore. */
@NullMarked
package io.mig.checkpoint.fake;

import org.jspecify.annotations.NullMarked;
