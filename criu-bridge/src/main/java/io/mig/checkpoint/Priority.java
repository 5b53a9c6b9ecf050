package io.mig.checkpoint;

import io.mig.checkpoint.criu.jna.Errno;
import io.mig.checkpoint.criu.jna.ErrnoException;
import io.mig.checkpoint.criu.jna.Syscalls;

/** The nice value of threads (setpriority(2), sched(7)). Thread-safe. */
public final class Priority {
    /** What runs only where nobody else wants to. */
    public static final int LOWEST = 19;

    /** What follows the command's name before the nice value (proc_pid_stat(5)). */
    private static final int FIELDS_BEFORE = 16;

    private Priority() {}

    /**
     * The nice value of a thread: field 19 of proc_pid_stat(5), counted behind the name, which may
     * hold anything.
     *
     * @param stat text of its {@code /proc/PID/stat} or {@code /proc/PID/task/TID/stat}
     */
    public static int inStat(String stat) {
        return Integer.parseInt(
                stat.substring(stat.lastIndexOf(')') + 2).split(" ")[FIELDS_BEFORE]);
    }

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
