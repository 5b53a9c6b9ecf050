/**
 * Reads and edits CRIU image directories. Images may come from another node, so every length is
 * bounded before memory is taken, and what we do not understand is kept as it is.
 */
@NullMarked
package io.mig.checkpoint.image;

import org.jspecify.annotations.NullMarked;
