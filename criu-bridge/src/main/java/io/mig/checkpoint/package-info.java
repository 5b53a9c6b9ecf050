@NullMarked
package io.mig.checkpoint;

import org.jspecify.annotations.NullMarked;
