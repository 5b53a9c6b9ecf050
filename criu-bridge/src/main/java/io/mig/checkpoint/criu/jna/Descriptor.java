package io.mig.checkpoint.criu.jna;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * One open file descriptor that several threads may use while another closes it. The number is
 * given back to the kernel only when the last user has left, so a number that was reused for
 * something else is never touched.
 */
final class Descriptor implements AutoCloseable {
    private final int fd;
    private final String name;
    private int users;
    private boolean closing;

    Descriptor(int fd, String name) {
        this.fd = fd;
        this.name = name;
    }

    /**
     * Runs {@code call} with the number, or fails with EBADF when the descriptor is closed or about
     * to be.
     */
    <T> T use(Call<T> call) throws ErrnoException {
        int number = acquire();
        try {
            return call.with(number);
        } finally {
            release();
        }
    }

    /** The number, valid until {@link #release}. */
    synchronized int acquire() throws ErrnoException {
        if (closing) {
            throw new ErrnoException("use of closed descriptor " + name, Errno.EBADF);
        }
        users++;
        return fd;
    }

    synchronized void release() {
        users--;
        if (closing && users == 0) {
            LibC.C.close(fd);
        }
    }

    synchronized boolean isClosed() {
        return closing;
    }

    @Override
    public synchronized void close() {
        if (closing) {
            return;
        }
        closing = true;
        if (users == 0) {
            LibC.C.close(fd);
        }
    }

    /**
     * Waits until one of {@code events} or an error is there (poll(2)).
     *
     * @return the events seen, 0 when {@code timeout} passed
     */
    static int poll(int fd, short events, Duration timeout) throws ErrnoException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try (Memory entry = new Memory(8)) {
            while (true) {
                entry.setInt(0, fd);
                entry.setShort(4, events);
                entry.setShort(6, (short) 0);
                int ready = LibC.C.poll(entry, new NativeLong(1), millisUntil(deadline));
                if (ready > 0) {
                    return entry.getShort(6);
                }
                if (ready < 0 && Native.getLastError() != Errno.EINTR) {
                    throw new ErrnoException("poll fd=" + fd, Native.getLastError());
                }
                if (System.nanoTime() - deadline >= 0) {
                    return 0;
                }
            }
        }
    }

    static int millisUntil(long deadlineNanos) {
        long left = deadlineNanos - System.nanoTime();
        // Rounded up: a rest below one millisecond must not become a busy loop of zero timeouts.
        return Math.clamp(TimeUnit.NANOSECONDS.toMillis(left + 999_999), 0, Integer.MAX_VALUE);
    }

    @Override
    public String toString() {
        return name;
    }

    /** What to do with the number; it must not be kept. */
    interface Call<T> {
        T with(int fd) throws ErrnoException;
    }
}
