package io.mig.files.wire;

/** Bounds that both ends keep and check. */
public final class Limits {
    public static final int VERSION = 1;

    /** Data of one read or write. */
    public static final int MAX_DATA = 1 << 20;

    /** A whole frame. */
    public static final int MAX_FRAME = MAX_DATA + (64 << 10);

    /** Entries of a directory in one reply, in bytes of the frame. */
    public static final int MAX_DIRECTORY = 192 << 10;

    /** Extended attributes: XATTR_SIZE_MAX and XATTR_LIST_MAX of the kernel. */
    public static final int MAX_XATTR = 65535;

    /** Open files of one session. */
    public static final int MAX_HANDLES = 10_000;

    /** Requests of one session that are not answered. */
    public static final int MAX_IN_FLIGHT = 2048;

    /** Requests in one {@link Op#BATCH}. */
    public static final int MAX_BATCH = 512;

    /** Lock owners of one session with a descriptor of their own at home. */
    public static final int MAX_LOCK_OWNERS = 4096;

    /** Programs and libraries that hosts keep by the hash of their contents, in bytes. */
    public static final long LEAST_KEPT = 16 << 10;

    public static final long MOST_KEPT = 256 << 20;

    private Limits() {}
}
