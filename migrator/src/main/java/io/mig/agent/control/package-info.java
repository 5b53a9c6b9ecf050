/**
 * The agent's side of the control socket: one request per connection, lines of JSON, callers known
 * by peer credentials. Knows the conversation, not what the verbs do; verbs are given to it.
 */
@NullMarked
package io.mig.agent.control;

import org.jspecify.annotations.NullMarked;
