package io.mig.files.fuse;

import io.mig.files.sys.Native;
import io.mig.files.sys.SysCall;
import java.nio.file.Path;

/**
 * A mount that another process made and whose kernel end it holds, so that the mount outlives us.
 * Source: pidfd_getfd(2).
 *
 * @param pid of the keeper
 * @param fd its descriptor of {@code /dev/fuse}
 */
public record Kept(int pid, int fd) {

    /** Takes mounts off that are left at a mount point. */
    public static void detachStale(Path mountPoint) {
        try (Native sys = new Native(4096)) {
            FuseMount.detachStale(sys, mountPoint);
        }
    }

    /** A descriptor of ours; belongs to the caller. */
    int fetch(Native sys) {
        long pidfd = sys.call(SysCall.PIDFD_OPEN, pid, 0);
        if (pidfd < 0) {
            throw new IllegalStateException(
                    "the keeper of a mount is gone: pid=" + pid + " errno=" + -pidfd);
        }
        long own = sys.call(SysCall.PIDFD_GETFD, pidfd, fd, 0);
        sys.closeFd((int) pidfd);
        if (own < 0) {
            throw new IllegalStateException(
                    "cannot take a mount over from its keeper: pid="
                            + pid
                            + " fd="
                            + fd
                            + " errno="
                            + -own
                            + "; the agent needs CAP_SYS_PTRACE");
        }
        return (int) own;
    }
}
