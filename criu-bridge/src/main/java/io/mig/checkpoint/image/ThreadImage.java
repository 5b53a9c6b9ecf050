package io.mig.checkpoint.image;

import java.util.List;
import java.util.Optional;

/**
 * One thread of a dumped process.
 *
 * @param blockedMask bit N-1 stands for signal N
 * @param seccompMode 0 none, 1 strict, 2 filter
 * @param pending signals sent to this thread alone
 * @param credentials empty when the image carries none, which current CRIU never writes
 */
public record ThreadImage(
        int tid,
        String comm,
        long blockedMask,
        int seccompMode,
        List<PendingSignal> pending,
        Optional<CredentialsImage> credentials) {
    public ThreadImage {
        pending = List.copyOf(pending);
    }
}
