package io.mig.checkpoint.criu.jna;

import java.io.IOException;

/** A system call that failed: which one, on what, and errno. */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String text;
    private final int errno;

    public ErrnoException(String attempted, int errno) {
        super(attempted + " failed: " + Errno.name(errno));
        this.text = attempted + " failed";
        this.errno = errno;
    }

    /** What was tried, without errno, for an exception that carries errno itself. */
    public String text() {
        return text;
    }

    public int errno() {
        return errno;
    }
}
