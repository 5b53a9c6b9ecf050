package io.mig.files.wire;

/**
 * A lock as the FUSE protocol says it.
 *
 * @param owner who holds it, a number of the host's kernel
 * @param end last byte, inclusive; Long.MAX_VALUE for the end of the file
 * @param type F_RDLCK, F_WRLCK, F_UNLCK
 * @param whole of the whole open file as flock(2) makes it, not of a range as fcntl(2) does
 * @param blocking whether to wait for it
 */
public record Lock(
        long owner, long start, long end, int type, int pid, boolean whole, boolean blocking) {
    public void putTo(Frame frame) {
        frame.u64(owner).u64(start).u64(end).u32(type).u32(pid);
        frame.u8(whole ? 1 : 0).u8(blocking ? 1 : 0);
    }

    public static Lock from(FrameReader in) throws BadFrameException {
        Lock lock =
                new Lock(
                        in.u64(),
                        in.u64(),
                        in.u64(),
                        in.u32(),
                        in.u32(),
                        in.u8() != 0,
                        in.u8() != 0);
        if (lock.type < 0 || lock.type > 2 || lock.start < 0 || lock.end < lock.start) {
            throw new BadFrameException(
                    "lock type=" + lock.type + " start=" + lock.start + " end=" + lock.end);
        }
        return lock;
    }
}
