package io.mig.files.wire;

/**
 * What a host asks a home to do with a file. Numbers are append-only. Those that change something
 * or hand something out are applied once per request id: when they come again they get the
 * remembered reply.
 */
public enum Op {
    /** Begins or takes up a session: flags, token of the host; answered with {@link Hello}. */
    HELLO(1, false),
    /** Ends the session: all its handles and locks are given up. */
    BYE(2, false),
    LOOKUP(3, false),
    GETATTR(4, false),
    SETATTR(5, true),
    READLINK(6, false),
    SYMLINK(7, true),
    MKNOD(8, true),
    MKDIR(9, true),
    UNLINK(10, true),
    RMDIR(11, true),
    RENAME(12, true),
    LINK(13, true),
    OPEN(14, true),
    CREATE(15, true),
    TMPFILE(16, true),
    READ(17, false),
    WRITE(18, true),
    RELEASE(19, true),
    FSYNC(20, false),
    FLUSH(21, true),
    STATFS(22, false),
    GETXATTR(23, false),
    SETXATTR(24, true),
    LISTXATTR(25, false),
    REMOVEXATTR(26, true),
    READDIR(27, false),
    GETLK(28, false),
    SETLK(29, true),
    /** Gives up waiting for a lock that request {@code id} asked for. */
    CANCEL(30, false),
    FALLOCATE(31, true),
    LSEEK(32, false),
    COPY(33, true),
    /** Opens a handle again after home's agent began anew, by the grant it gave then. */
    REOPEN(34, true),
    /** Others, done one after the other; ends with the first that was not tried. */
    BATCH(35, false);

    private static final Op[] BY_NUMBER = new Op[64];

    static {
        for (Op op : values()) {
            BY_NUMBER[op.number] = op;
        }
    }

    private final int number;
    private final boolean once;

    Op(int number, boolean once) {
        this.number = number;
        this.once = once;
    }

    public int number() {
        return number;
    }

    /** Whether it may be part of a batch: it waits for nothing and is answered by little. */
    public boolean batched() {
        return switch (this) {
            case LOOKUP, GETATTR, SETATTR, SYMLINK, MKNOD, MKDIR, UNLINK, RMDIR, RENAME, LINK ->
                    true;
            case CREATE, TMPFILE, WRITE, RELEASE, SETXATTR, REMOVEXATTR -> true;
            default -> false;
        };
    }

    /** Whether it must be applied at most once. */
    public boolean once() {
        return once;
    }

    static Op of(int number) throws BadFrameException {
        Op op = number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
        if (op == null) {
            throw new BadFrameException("unknown operation number=" + number);
        }
        return op;
    }
}
