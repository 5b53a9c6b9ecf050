/**
 * The {@code mig} command: a thin client of the node agent's control socket. Start-up time is the
 * users' time, so nothing here loads a logging framework, Netty or Protobuf on the way to an
 * answer.
 */
@NullMarked
package io.mig.ctl;

import org.jspecify.annotations.NullMarked;
