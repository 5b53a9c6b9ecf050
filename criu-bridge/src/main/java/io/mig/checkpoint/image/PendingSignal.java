package io.mig.checkpoint.image;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * A signal that waited for delivery when the process was dumped (sigaction(2), siginfo_t).
 *
 * @param code si_code: 0 kill, -1 sigqueue, -6 tgkill, positive from the kernel
 * @param senderPid meaningful for codes at or below zero only
 * @param value the word sent by sigqueue
 */
public record PendingSignal(int signo, int code, int senderPid, int senderUid, long value) {
    /** Signals are 1 to 64 on the platforms CRIU runs on. */
    private static final int MAX_SIGNO = 64;

    /**
     * Words at the beginning of siginfo_t on 64-bit Linux: signo, errno, code, padding, pid, uid,
     * value.
     */
    private static final int NEEDED_BYTES = 32;

    static Optional<PendingSignal> of(ByteString siginfo) {
        if (siginfo.size() < NEEDED_BYTES) {
            return Optional.empty();
        }
        ByteBuffer words = siginfo.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        int signo = words.getInt(0);
        if (signo < 1 || signo > MAX_SIGNO) {
            return Optional.empty();
        }
        return Optional.of(
                new PendingSignal(
                        signo,
                        words.getInt(8),
                        words.getInt(16),
                        words.getInt(20),
                        words.getLong(24)));
    }
}
