package io.mig.files.fuse;

import java.nio.ByteBuffer;

/**
 * What was agreed with the kernel at the beginning. Source: {@code fuse_init_in}, {@code
 * fuse_init_out} of {@code linux/fuse.h}.
 *
 * @param minor of the protocol the kernel speaks
 * @param flags both sides have
 */
public record FuseInit(int minor, long flags) {
    static final int MAJOR = 7;

    /** Kernel 5.4: what we rely on is there. */
    private static final int OLDEST_MINOR = 31;

    private static final int OUR_MINOR = 41;
    private static final int MAX_PAGES = 256;

    /** Requests of the kernel's own (read-ahead, write-back) that may wait at once. */
    private static final int BACKGROUND = 32;

    private static final long ASYNC_READ = 1;
    private static final long POSIX_LOCKS = 1 << 1;
    private static final long ATOMIC_TRUNCATE = 1 << 3;
    private static final long BIG_WRITES = 1 << 5;

    /** The umask is applied at home: there default ACLs may replace it. */
    private static final long DONT_MASK = 1 << 6;

    private static final long FLOCK_LOCKS = 1 << 10;
    private static final long READDIRPLUS = 1 << 13;
    private static final long READDIRPLUS_AUTO = 1 << 14;
    private static final long ASYNC_DIRECT = 1 << 15;
    private static final long PARALLEL_DIRECTORIES = 1 << 18;
    private static final long POSIX_ACL = 1 << 20;
    private static final long MAX_PAGES_FLAG = 1 << 22;
    private static final long CACHE_SYMLINKS = 1 << 23;

    /** Home's kernel takes setuid bits away on writes; ours need not ask for them each time. */
    private static final long HANDLE_KILLPRIV_V2 = 1 << 28;

    private static final long INIT_EXT = 1 << 30;
    private static final long EXPIRE_ONLY = 1L << 35;
    private static final long DIRECT_ALLOW_MMAP = 1L << 36;

    // not WRITEBACK_CACHE: with it the kernel no longer believes home about size and times
    private static final long WANTED =
            ASYNC_READ
                    | POSIX_LOCKS
                    | ATOMIC_TRUNCATE
                    | BIG_WRITES
                    | DONT_MASK
                    | FLOCK_LOCKS
                    | READDIRPLUS
                    | READDIRPLUS_AUTO
                    | ASYNC_DIRECT
                    | PARALLEL_DIRECTORIES
                    | POSIX_ACL
                    | MAX_PAGES_FLAG
                    | CACHE_SYMLINKS
                    | HANDLE_KILLPRIV_V2
                    | INIT_EXT
                    | EXPIRE_ONLY
                    | DIRECT_ALLOW_MMAP;

    /** Whether names can be made to be asked for again without being thrown out. */
    public boolean expireOnly() {
        return (flags & EXPIRE_ONLY) != 0;
    }

    /**
     * Reads the kernel's offer and writes the answer.
     *
     * @throws IllegalArgumentException when the kernel is too old
     */
    static FuseInit negotiate(ByteBuffer in, ByteBuffer out, int maxWrite) {
        int major = in.getInt();
        int minor = in.getInt();
        int readAhead = in.getInt();
        if (major != MAJOR || minor < OLDEST_MINOR) {
            throw new IllegalArgumentException(
                    "the kernel speaks FUSE "
                            + major
                            + "."
                            + minor
                            + ", needed is 7."
                            + OLDEST_MINOR
                            + " (Linux 5.4) or a newer 7");
        }
        long offered = Integer.toUnsignedLong(in.getInt());
        if ((offered & INIT_EXT) != 0 && in.remaining() >= 4) {
            offered |= Integer.toUnsignedLong(in.getInt()) << 32;
        }
        long agreed = offered & WANTED;
        out.putInt(MAJOR).putInt(Math.min(minor, OUR_MINOR)).putInt(readAhead);
        out.putInt((int) agreed);
        out.putShort((short) BACKGROUND).putShort((short) (BACKGROUND * 3 / 4));
        out.putInt(maxWrite).putInt(1);
        out.putShort((short) MAX_PAGES).putShort((short) 0);
        out.putInt((int) (agreed >>> 32));
        for (int unused = 0; unused < 7; unused++) {
            out.putInt(0);
        }
        return new FuseInit(minor, agreed);
    }
}
