/**
 * Drives {@code criu swrk} children over CRIU's RPC protocol (one Protobuf message per SEQPACKET
 * packet). Everything CRIU says, including the reason it gives in its log, becomes a value or a
 * {@link io.mig.checkpoint.CheckpointException} here.
 */
@NullMarked
package io.mig.checkpoint.criu;

import org.jspecify.annotations.NullMarked;
