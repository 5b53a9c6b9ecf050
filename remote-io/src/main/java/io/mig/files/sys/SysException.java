package io.mig.files.sys;

/** A system call failed, or a request is answered with that error. Has no stack: it is ordinary. */
public final class SysException extends Exception {
    private static final long serialVersionUID = 1;

    private final int errno;

    public SysException(int errno) {
        super("errno=" + errno, null, false, false);
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }

    /** The result of {@link Native#call}, unless it is an error. */
    public static long check(long result) throws SysException {
        if (result < 0) {
            throw new SysException((int) -result);
        }
        return result;
    }
}
