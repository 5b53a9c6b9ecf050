@NullMarked
package io.mig.transport.netty;

import org.jspecify.annotations.NullMarked;
