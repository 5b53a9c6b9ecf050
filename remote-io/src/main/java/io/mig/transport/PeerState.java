package io.mig.transport;

import java.time.Instant;
import java.util.Optional;

/**
 * What is known of a peer now.
 *
 * @param up whether there is a living connection
 * @param since when that became so
 * @param facts of the last meeting
 * @param why reason of the last loss, empty when up
 */
public record PeerState(boolean up, Instant since, Optional<PeerFacts> facts, String why) {}
