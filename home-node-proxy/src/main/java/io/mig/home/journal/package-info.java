/**
 * The durable record of a home node: which of its processes are away, who owns each of them, and
 * how every move was decided.
 *
 * <p>SQLite behind one writer thread. The journal knows ids, epochs and texts; it must not know how
 * a move is carried out, what a deputy does with its configuration, or that there is a network.
 */
@NullMarked
package io.mig.home.journal;

import org.jspecify.annotations.NullMarked;
