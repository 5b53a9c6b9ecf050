/**
 * The network between agents in one JVM, with faults on demand: for tests of what stands on {@link
 * io.mig.transport.PeerNetwork}. Behaves like the real one as far as {@code PeerNetworkContract}
 * says.
 */
@NullMarked
package io.mig.transport.memory;

import org.jspecify.annotations.NullMarked;
