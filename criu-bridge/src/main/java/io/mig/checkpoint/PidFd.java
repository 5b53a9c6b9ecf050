package io.mig.checkpoint;

import io.mig.checkpoint.criu.jna.Errno;
import io.mig.checkpoint.criu.jna.ErrnoException;
import io.mig.checkpoint.criu.jna.PidFdHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * A hold on one process that stays true when its pid is reused (pidfd_open(2)). It neither reaps
 * the process nor keeps it alive.
 *
 * <p>Thread-safe. The waiting calls block inside the kernel: use platform threads for them, not
 * virtual ones.
 */
public final class PidFd implements AutoCloseable {
    private final PidFdHandle handle;

    private PidFd(PidFdHandle handle) {
        this.handle = handle;
    }

    /**
     * Opens the process that has {@code pid} now; empty when there is none.
     *
     * <p>Whether it is the process the caller means has to be checked afterwards (start time in
     * /proc): once it is checked it stays true.
     */
    public static Optional<PidFd> open(int pid) {
        try {
            return Optional.of(new PidFd(PidFdHandle.open(pid)));
        } catch (ErrnoException failed) {
            // EINVAL: the number names a thread, not a process.
            if (failed.errno() == Errno.ESRCH || failed.errno() == Errno.EINVAL) {
                return Optional.empty();
            }
            throw CheckpointException.failed(Phase.PREPARE, failed.text(), failed.errno());
        }
    }

    public int pid() {
        return handle.pid();
    }

    /** Sends a signal; false when the process has ended. Signal 0 only asks. */
    public boolean sendSignal(int signal) {
        try {
            handle.sendSignal(signal);
            return true;
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.ESRCH) {
                return false;
            }
            throw CheckpointException.failed(Phase.PREPARE, failed.text(), failed.errno());
        }
    }

    /** True when the process has ended (it may still be a zombie). */
    public boolean hasExited() {
        return awaitExit(Duration.ZERO);
    }

    /** Waits for the end of the process; false when it still lives after {@code timeout}. */
    public boolean awaitExit(Duration timeout) {
        try {
            return handle.awaitExit(timeout);
        } catch (ErrnoException failed) {
            throw CheckpointException.failed(Phase.PREPARE, failed.text(), failed.errno());
        }
    }

    /**
     * Those of {@code processes} that have ended, waiting up to {@code timeout} for the first.
     * Closed ones count.
     */
    public static List<PidFd> awaitAnyExit(Collection<PidFd> processes, Duration timeout) {
        List<PidFd> order = List.copyOf(processes);
        try {
            List<PidFdHandle> ended =
                    PidFdHandle.awaitAny(order.stream().map(each -> each.handle).toList(), timeout);
            List<PidFd> result = new ArrayList<>(ended.size());
            for (PidFd each : order) {
                if (ended.contains(each.handle)) {
                    result.add(each);
                }
            }
            return result;
        } catch (ErrnoException failed) {
            throw CheckpointException.failed(Phase.PREPARE, failed.text(), failed.errno());
        }
    }

    @Override
    public void close() {
        handle.close();
    }
}
