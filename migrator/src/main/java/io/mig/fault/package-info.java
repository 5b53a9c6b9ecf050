/**
 * Named places along the path of a move where a test can make things go wrong. Knows nothing of
 * moves.
 */
@NullMarked
package io.mig.fault;

import org.jspecify.annotations.NullMarked;
