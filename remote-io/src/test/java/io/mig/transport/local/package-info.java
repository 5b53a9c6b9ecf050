@NullMarked
package io.mig.transport.local;

import org.jspecify.annotations.NullMarked;
