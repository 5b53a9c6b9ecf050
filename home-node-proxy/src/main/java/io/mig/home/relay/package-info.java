/**
 * The path between a deputy at home and the capsule that holds its body: frames on the hull socket,
 * the endpoints that speak them, and the router that carries end-to-end frames to the node of the
 * other side.
 *
 * <p>This package moves frames. It must not know what an end-to-end payload means: windows,
 * acknowledgements and retransmission belong to the two endpoints, so that a frame lost here (a
 * restarted agent, a cut link, a stale epoch) costs a retransmission and never a byte.
 */
@NullMarked
package io.mig.home.relay;

import org.jspecify.annotations.NullMarked;
