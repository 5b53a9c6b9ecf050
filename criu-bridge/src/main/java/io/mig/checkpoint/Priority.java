package io.mig.checkpoint;

import io.mig.checkpoint.criu.jna.Errno;
import io.mig.checkpoint.criu.jna.ErrnoException;
import io.mig.checkpoint.criu.jna.Syscalls;

/** The nice value of threads (setpriority(2), sched(7)). Thread-safe. */
public final class Priority {
    /** What runs only where nobody else wants to. */
    public static final int LOWEST = 19;

    private Priority() {}

    /**
     * Sets the nice value of one thread.
     *
     * @return false when there is no such thread any more
     */
    public static boolean set(int tid, int nice) {
        try {
            Syscalls.setPriority(tid, nice);
            return true;
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.ESRCH) {
                return false;
            }
            throw CheckpointException.failed(Phase.PREPARE, failed.text(), failed.errno());
        }
    }
}
