@NullMarked
package io.mig.load;

import org.jspecify.annotations.NullMarked;
