package io.mig.files.sys;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Reads a {@code struct statx}. Source: statx(2), {@code linux/stat.h}.
 *
 * @param mountId unique over time where the kernel has such (6.8), else the reusable one
 * @param dev major and minor as one number
 */
public record Statx(
        int mode,
        int nlink,
        int uid,
        int gid,
        long ino,
        long size,
        long blocks,
        int blockSize,
        long atime,
        int atimeNanos,
        long btime,
        int btimeNanos,
        long ctime,
        int ctimeNanos,
        long mtime,
        int mtimeNanos,
        int rdevMajor,
        int rdevMinor,
        long dev,
        long mountId) {
    public static final int BYTES = 256;

    /** STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID, STATX_MNT_ID_UNIQUE. */
    private static final int MASK = 0x7ff | 0x800 | 0x1000 | 0x4000;

    /**
     * Of an open descriptor, O_PATH ones included.
     *
     * @param at offset in the scratch memory that may be overwritten
     */
    public static Statx of(Native sys, int fd, long at) throws SysException {
        return read(
                sys,
                sys.call(
                        SysCall.STATX,
                        fd,
                        sys.string(1, new byte[0]),
                        Linux.AT_EMPTY_PATH | Linux.AT_SYMLINK_NOFOLLOW,
                        MASK,
                        sys.scratchAddress() + at,
                        0),
                at);
    }

    private static Statx read(Native sys, long result, long at) throws SysException {
        if (result < 0) {
            throw new SysException((int) -result);
        }
        MemorySegment s = sys.scratch().asSlice(at, BYTES);
        return new Statx(
                Short.toUnsignedInt(s.get(ValueLayout.JAVA_SHORT, 28)),
                s.get(ValueLayout.JAVA_INT, 16),
                s.get(ValueLayout.JAVA_INT, 20),
                s.get(ValueLayout.JAVA_INT, 24),
                s.get(ValueLayout.JAVA_LONG, 32),
                s.get(ValueLayout.JAVA_LONG, 40),
                s.get(ValueLayout.JAVA_LONG, 48),
                s.get(ValueLayout.JAVA_INT, 4),
                s.get(ValueLayout.JAVA_LONG, 64),
                s.get(ValueLayout.JAVA_INT, 72),
                s.get(ValueLayout.JAVA_LONG, 80),
                s.get(ValueLayout.JAVA_INT, 88),
                s.get(ValueLayout.JAVA_LONG, 96),
                s.get(ValueLayout.JAVA_INT, 104),
                s.get(ValueLayout.JAVA_LONG, 112),
                s.get(ValueLayout.JAVA_INT, 120),
                s.get(ValueLayout.JAVA_INT, 128),
                s.get(ValueLayout.JAVA_INT, 132),
                Integer.toUnsignedLong(s.get(ValueLayout.JAVA_INT, 136)) << 32
                        | Integer.toUnsignedLong(s.get(ValueLayout.JAVA_INT, 140)),
                s.get(ValueLayout.JAVA_LONG, 144));
    }
}
