@NullMarked
package io.mig.transport;

import org.jspecify.annotations.NullMarked;
