package io.mig.files.wire;

/**
 * Attributes to change. The bits are those of {@code fuse_setattr_in}.
 *
 * @param valid which of the others count
 */
public record SetAttr(
        int valid,
        int mode,
        int uid,
        int gid,
        long size,
        long atime,
        int atimeNanos,
        long mtime,
        int mtimeNanos) {
    public static final int MODE = 1;
    public static final int UID = 1 << 1;
    public static final int GID = 1 << 2;
    public static final int SIZE = 1 << 3;
    public static final int ATIME = 1 << 4;
    public static final int MTIME = 1 << 5;
    public static final int ATIME_NOW = 1 << 7;
    public static final int MTIME_NOW = 1 << 8;

    public boolean has(int bit) {
        return (valid & bit) != 0;
    }

    public void putTo(Frame frame) {
        frame.u32(valid).u32(mode).u32(uid).u32(gid).u64(size);
        frame.u64(atime).u32(atimeNanos).u64(mtime).u32(mtimeNanos);
    }

    public static SetAttr from(FrameReader in) throws BadFrameException {
        SetAttr set =
                new SetAttr(
                        in.u32(), in.u32(), in.u32(), in.u32(), in.u64(), in.u64(), in.u32(),
                        in.u64(), in.u32());
        if (set.has(SIZE) && set.size < 0) {
            throw new BadFrameException("size=" + set.size);
        }
        return set;
    }
}
