/**
 * Image files on their way to the target: framed, checksummed, compressed when the link is the
 * bottleneck.
 */
@NullMarked
package io.mig.migration.stream;

import org.jspecify.annotations.NullMarked;
