package io.mig.checkpoint.criu.jna;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A pidfd (pidfd_open(2)): names one process for ever, also after its number was given to another.
 */
public final class PidFdHandle implements AutoCloseable {
    private static final long SYS_PIDFD_SEND_SIGNAL = 424;
    private static final long SYS_PIDFD_OPEN = 434;
    private static final long SYS_PIDFD_GETFD = 438;

    private final int pid;
    private final Descriptor descriptor;

    private PidFdHandle(int pid, int fd) {
        this.pid = pid;
        this.descriptor = new Descriptor(fd, "pidfd of " + pid);
    }

    /** Opens the process that has the number now; fails with ESRCH when there is none. */
    public static PidFdHandle open(int pid) throws ErrnoException {
        long fd = LibC.C.syscall(new NativeLong(SYS_PIDFD_OPEN), (long) pid, 0L).longValue();
        if (fd < 0) {
            throw new ErrnoException("pidfd_open pid=" + pid, Native.getLastError());
        }
        return new PidFdHandle(pid, (int) fd);
    }

    public int pid() {
        return pid;
    }

    /**
     * The end of a conversation that the process itself keeps open (pidfd_getfd(2)).
     *
     * @param fd its number in that process
     */
    public SeqPacketSocket heldSocket(int fd, PeerCredentials peer) throws ErrnoException {
        return descriptor.use(
                pidfd -> {
                    long copy =
                            LibC.C.syscall(
                                            new NativeLong(SYS_PIDFD_GETFD),
                                            (long) pidfd,
                                            (long) fd,
                                            0L)
                                    .longValue();
                    if (copy < 0) {
                        throw new ErrnoException(
                                "pidfd_getfd pid=" + pid + " fd=" + fd, Native.getLastError());
                    }
                    return SeqPacketSocket.held(
                            new Descriptor((int) copy, "held by pid " + pid), peer);
                });
    }

    /** pidfd_send_signal(2); ESRCH when the process is gone. */
    public void sendSignal(int signal) throws ErrnoException {
        descriptor.use(
                fd -> {
                    long result =
                            LibC.C.syscall(
                                            new NativeLong(SYS_PIDFD_SEND_SIGNAL),
                                            (long) fd,
                                            (long) signal,
                                            0L,
                                            0L)
                                    .longValue();
                    if (result < 0) {
                        throw new ErrnoException(
                                "pidfd_send_signal pid=" + pid + " signal=" + signal,
                                Native.getLastError());
                    }
                    return true;
                });
    }

    /**
     * Waits in the kernel for the end of the process; true when it ended. Blocks a platform thread.
     */
    public boolean awaitExit(Duration timeout) throws ErrnoException {
        return descriptor.use(fd -> Descriptor.poll(fd, LibC.POLLIN, timeout) != 0);
    }

    /**
     * The members of {@code handles} whose process has ended, waiting up to {@code timeout} for the
     * first one. Closed handles count as ended. Blocks a platform thread.
     */
    public static List<PidFdHandle> awaitAny(List<PidFdHandle> handles, Duration timeout)
            throws ErrnoException {
        List<PidFdHandle> held = new ArrayList<>(handles.size());
        List<PidFdHandle> ended = new ArrayList<>();
        try (Memory entries = new Memory(Math.max(8L, 8L * handles.size()))) {
            for (PidFdHandle handle : handles) {
                try {
                    entries.setInt(8L * held.size(), handle.descriptor.acquire());
                    entries.setInt(8L * held.size() + 4, LibC.POLLIN);
                    held.add(handle);
                } catch (ErrnoException closed) {
                    ended.add(handle);
                }
            }
            if (ended.isEmpty() && pollAny(entries, held.size(), timeout)) {
                for (int i = 0; i < held.size(); i++) {
                    if (entries.getShort(8L * i + 6) != 0) {
                        ended.add(held.get(i));
                    }
                }
            }
            return ended;
        } finally {
            held.forEach(handle -> handle.descriptor.release());
        }
    }

    private static boolean pollAny(Memory entries, int count, Duration timeout)
            throws ErrnoException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (true) {
            int ready =
                    LibC.C.poll(entries, new NativeLong(count), Descriptor.millisUntil(deadline));
            if (ready > 0) {
                return true;
            }
            if (ready < 0 && Native.getLastError() != Errno.EINTR) {
                throw new ErrnoException("poll pidfds count=" + count, Native.getLastError());
            }
            if (System.nanoTime() - deadline >= 0) {
                return false;
            }
        }
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
