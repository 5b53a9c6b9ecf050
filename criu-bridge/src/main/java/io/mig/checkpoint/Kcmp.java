package io.mig.checkpoint;

import io.mig.checkpoint.criu.jna.Errno;
import io.mig.checkpoint.criu.jna.ErrnoException;
import io.mig.checkpoint.criu.jna.Syscalls;

/** Do two processes share a kernel object (kcmp(2))? Cheap (about a microsecond), thread-safe. */
public final class Kcmp {
    private Kcmp() {}

    /** The answer for one pair. */
    public enum Answer {
        SAME,
        DIFFERENT,
        /** One of the processes or descriptors does not exist (any more). */
        GONE
    }

    /**
     * Do two descriptors refer to one open file description, and so share offset and status flags?
     */
    public static Answer sameFile(int pid1, int fd1, int pid2, int fd2) {
        return ask(pid1, pid2, Syscalls.KCMP_FILE, fd1, fd2);
    }

    /** Do two processes (or threads) share their descriptor table? */
    public static Answer sameFileTable(int pid1, int pid2) {
        return ask(pid1, pid2, Syscalls.KCMP_FILES, 0, 0);
    }

    /** Do two processes (or threads) share their memory? */
    public static Answer sameMemory(int pid1, int pid2) {
        return ask(pid1, pid2, Syscalls.KCMP_VM, 0, 0);
    }

    private static Answer ask(int pid1, int pid2, int type, int index1, int index2) {
        try {
            return Syscalls.kcmp(pid1, pid2, type, index1, index2) == 0
                    ? Answer.SAME
                    : Answer.DIFFERENT;
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.ESRCH || failed.errno() == Errno.EBADF) {
                return Answer.GONE;
            }
            String hint =
                    failed.errno() == Errno.ENOSYS
                            ? "; this kernel was built without CONFIG_KCMP, which CRIU needs as well"
                            : "";
            throw CheckpointException.failed(Phase.PREPARE, failed.text() + hint, failed.errno());
        }
    }
}
