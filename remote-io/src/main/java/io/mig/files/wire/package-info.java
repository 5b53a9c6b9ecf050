/**
 * What the two ends of a home's file tree say to each other: compact frames, little endian, every
 * length checked before it is believed.
 */
@NullMarked
package io.mig.files.wire;

import org.jspecify.annotations.NullMarked;
