/**
 * Who is in the cluster and how busy everybody is, told from node to node: state machines without
 * threads, clocks or sockets. Time, chance and messages are handed in; what is to be sent is handed
 * out. Knows nothing of policies and decisions.
 */
@NullMarked
package io.mig.balance.gossip;

import org.jspecify.annotations.NullMarked;
