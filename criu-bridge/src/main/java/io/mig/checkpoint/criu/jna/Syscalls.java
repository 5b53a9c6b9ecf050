package io.mig.checkpoint.criu.jna;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.nio.file.Path;

/** Single system calls without state. Each says what it tried when it fails; none blocks. */
public final class Syscalls {
    // Numbers of the asm-generic table; x86-64 has its own number only for kcmp.
    private static final long SYS_KCMP =
            System.getProperty("os.arch").equals("aarch64") ? 272 : 312;

    public static final int KCMP_FILE = 0;
    public static final int KCMP_VM = 1;
    public static final int KCMP_FILES = 2;

    public static final long MS_RDONLY = 1;
    public static final long MS_NOSUID = 2;
    public static final long MS_NODEV = 4;
    public static final long MS_NOEXEC = 8;
    public static final long MS_REMOUNT = 32;
    public static final long MS_BIND = 4096;
    public static final long MS_REC = 16384;
    public static final long MS_PRIVATE = 1 << 18;
    public static final int MNT_DETACH = 2;

    private Syscalls() {}

    /**
     * kcmp(2): order of two kernel objects; 0 means they are the same object.
     *
     * @return 0, 1, 2 (an order to sort by) or 3 (different, no order)
     */
    public static int kcmp(int pid1, int pid2, int type, long index1, long index2)
            throws ErrnoException {
        long result =
                LibC.C.syscall(
                                new NativeLong(SYS_KCMP),
                                (long) pid1,
                                (long) pid2,
                                (long) type,
                                index1,
                                index2)
                        .longValue();
        if (result < 0) {
            throw new ErrnoException(
                    "kcmp pid1="
                            + pid1
                            + " pid2="
                            + pid2
                            + " type="
                            + type
                            + " idx1="
                            + index1
                            + " idx2="
                            + index2,
                    Native.getLastError());
        }
        return (int) result;
    }

    /** kill(2); signal 0 only asks whether the process exists. */
    public static void kill(int pid, int signal) throws ErrnoException {
        if (pid <= 0) {
            throw new IllegalArgumentException(
                    "refusing to signal a group or everybody: pid=" + pid);
        }
        if (LibC.C.kill(pid, signal) < 0) {
            throw new ErrnoException(
                    "kill pid=" + pid + " signal=" + signal, Native.getLastError());
        }
    }

    /** setpriority(2) of one thread. */
    public static void setPriority(int tid, int nice) throws ErrnoException {
        final int process = 0; // PRIO_PROCESS, which means one thread on Linux
        if (LibC.C.setpriority(process, tid, nice) < 0) {
            throw new ErrnoException(
                    "setpriority tid=" + tid + " nice=" + nice, Native.getLastError());
        }
    }

    /** mount(2). */
    public static void mount(String source, Path target, String type, long flags, String options)
            throws ErrnoException {
        if (LibC.C.mount(source, target.toString(), type, new NativeLong(flags), options) < 0) {
            throw new ErrnoException(
                    "mount source="
                            + source
                            + " target="
                            + target
                            + " type="
                            + type
                            + " flags="
                            + flags
                            + " options="
                            + options,
                    Native.getLastError());
        }
    }

    /** umount2(2). */
    public static void unmount(Path target, int flags) throws ErrnoException {
        if (LibC.C.umount2(target.toString(), flags) < 0) {
            throw new ErrnoException(
                    "umount target=" + target + " flags=" + flags, Native.getLastError());
        }
    }

    /** statfs(2): type and room of the file system that holds {@code path}. */
    public static FileSystemFacts statfs(Path path) throws ErrnoException {
        try (Memory result = new Memory(256)) {
            result.clear();
            if (LibC.C.statfs(path.toString(), result) < 0) {
                throw new ErrnoException("statfs path=" + path, Native.getLastError());
            }
            // struct statfs on 64-bit Linux: f_type f_bsize f_blocks f_bfree f_bavail, 8 bytes
            // each.
            long blockSize = result.getLong(8);
            return new FileSystemFacts(
                    result.getLong(0),
                    result.getLong(16) * blockSize,
                    result.getLong(32) * blockSize);
        }
    }
}
