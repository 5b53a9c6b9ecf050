package io.mig.checkpoint;

import java.time.Duration;

/**
 * What a restore did.
 *
 * @param rootPid root of the restored tree in the pid namespace of the criu process
 * @param duration from our request to CRIU's answer, listeners included
 */
public record RestoreResult(int rootPid, Duration duration) {}
