/**
 * What a home node keeps for its processes that are away: the table of them, and their deputies.
 *
 * <p>Knows pids, configurations and the journal; the frames of the deputies travel in {@code
 * relay}. Must not know how a body is restored, what a capsule is made of, or when a process should
 * move.
 */
@NullMarked
package io.mig.home;

import org.jspecify.annotations.NullMarked;
