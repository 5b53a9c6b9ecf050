/** Unix sockets on one machine, with the peer's credentials. */
@NullMarked
package io.mig.transport.local;

import org.jspecify.annotations.NullMarked;
