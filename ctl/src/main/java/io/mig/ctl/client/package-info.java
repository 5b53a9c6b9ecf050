/**
 * Talks to the node agent over its control socket: one request per connection, JSON lines, JDK
 * sockets only. Knows no command and prints nothing.
 */
@NullMarked
package io.mig.ctl.client;

import org.jspecify.annotations.NullMarked;
