package io.mig.files.wire;

import java.nio.ByteBuffer;

/**
 * What stat(2) tells.
 *
 * @param ino as the guest sees it: files of different file systems at home differ
 * @param rdev as the FUSE protocol packs it, 32 bits
 * @param flags {@link #NO_XATTR}, {@link #STUB}, {@link #ROOMY}
 * @param leaseMillis how long it may be believed; home tells when it changes earlier, if it can
 */
public record Attr(
        long ino,
        long size,
        long blocks,
        long atime,
        long mtime,
        long ctime,
        int atimeNanos,
        int mtimeNanos,
        int ctimeNanos,
        int mode,
        int nlink,
        int uid,
        int gid,
        int rdev,
        int blockSize,
        int flags,
        int leaseMillis) {
    public static final int BYTES = 6 * 8 + 11 * 4;

    /** The inode has no extended attribute and no ACL at all. */
    public static final int NO_XATTR = 1;

    /** A directory of home that guests never see into: its {@code /proc} and the like. */
    public static final int STUB = 2;

    /**
     * Writing cannot fail for want of room: much more is free than hosts may hold back, and nobody
     * has a quota.
     */
    public static final int ROOMY = 4;

    void putTo(ByteBuffer to) {
        to.putLong(ino).putLong(size).putLong(blocks);
        to.putLong(atime).putLong(mtime).putLong(ctime);
        to.putInt(atimeNanos).putInt(mtimeNanos).putInt(ctimeNanos);
        to.putInt(mode).putInt(nlink).putInt(uid).putInt(gid).putInt(rdev).putInt(blockSize);
        to.putInt(flags).putInt(leaseMillis);
    }

    static Attr from(ByteBuffer in) {
        return new Attr(
                in.getLong(),
                in.getLong(),
                in.getLong(),
                in.getLong(),
                in.getLong(),
                in.getLong(),
                in.getInt(),
                in.getInt(),
                in.getInt(),
                in.getInt(),
                in.getInt(),
                in.getInt(),
                in.getInt(),
                in.getInt(),
                in.getInt(),
                in.getInt(),
                in.getInt());
    }

    /** After something was written up to an offset. */
    public Attr atLeast(long end) {
        return end <= size ? this : with(end, mtime, mtimeNanos, atime, atimeNanos, mode, uid, gid);
    }

    /** After it was changed. */
    public Attr with(SetAttr set) {
        return with(
                size,
                set.has(SetAttr.MTIME) ? set.mtime() : mtime,
                set.has(SetAttr.MTIME) ? set.mtimeNanos() : mtimeNanos,
                set.has(SetAttr.ATIME) ? set.atime() : atime,
                set.has(SetAttr.ATIME) ? set.atimeNanos() : atimeNanos,
                set.has(SetAttr.MODE) ? (mode & ~07777) | (set.mode() & 07777) : mode,
                set.has(SetAttr.UID) ? set.uid() : uid,
                set.has(SetAttr.GID) ? set.gid() : gid);
    }

    private Attr with(
            long newSize,
            long newMtime,
            int newMtimeNanos,
            long newAtime,
            int newAtimeNanos,
            int newMode,
            int newUid,
            int newGid) {
        return new Attr(
                ino,
                newSize,
                blocks,
                newAtime,
                newMtime,
                ctime,
                newAtimeNanos,
                newMtimeNanos,
                ctimeNanos,
                newMode,
                nlink,
                newUid,
                newGid,
                rdev,
                blockSize,
                flags,
                leaseMillis);
    }

    /** Whether the contents are the same as those another one was taken of. */
    public boolean sameContents(Attr other) {
        return mtime == other.mtime
                && mtimeNanos == other.mtimeNanos
                && ctime == other.ctime
                && ctimeNanos == other.ctimeNanos
                && size == other.size;
    }
}
