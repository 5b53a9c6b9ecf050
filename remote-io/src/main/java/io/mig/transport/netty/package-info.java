/**
 * Agents over TLS 1.3 with certificates on both sides, on Netty. The only package that knows
 * Netty's TCP and TLS.
 */
@NullMarked
package io.mig.transport.netty;

import org.jspecify.annotations.NullMarked;
