@NullMarked
package io.mig.bench;

import org.jspecify.annotations.NullMarked;
