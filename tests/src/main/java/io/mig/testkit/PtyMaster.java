package io.mig.testkit;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/**
 * The master side of a pseudo terminal, see pty(7). Reading and writing from different threads is
 * fine; closing hangs the terminal up.
 */
public final class PtyMaster implements AutoCloseable {
    private static final int O_RDWR = 2;
    private static final int O_NOCTTY = 0400;
    private static final int O_CLOEXEC = 02000000;
    private static final long TIOCSPTLCK = 0x40045431L;
    private static final long TIOCGPTN = 0x80045430L;
    private static final long TIOCSWINSZ = 0x5414L;
    private static final int POLLIN = 1;
    private static final int EINTR = 4;
    private static final int EIO = 5;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout ERRNO_LAYOUT = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            ERRNO_LAYOUT.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle OPEN =
            handle(
                    "open",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle CLOSE =
            handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle IOCTL =
            handle(
                    "ioctl",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.ADDRESS),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle READ =
            handle(
                    "read",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_LONG));
    private static final MethodHandle WRITE =
            handle(
                    "write",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_LONG));
    private static final MethodHandle POLL =
            handle(
                    "poll",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT));

    private final Arena arena = Arena.ofShared();
    private final int fd;
    private final int number;
    private boolean closed;

    private PtyMaster(int fd, int number) {
        this.fd = fd;
        this.number = number;
    }

    /** Opens a new terminal of the given size. */
    public static PtyMaster open(int rows, int columns) throws IOException {
        try (Arena local = Arena.ofConfined()) {
            int fd =
                    (int)
                            call(
                                    OPEN,
                                    local,
                                    "open /dev/ptmx",
                                    local.allocateFrom("/dev/ptmx"),
                                    O_RDWR | O_NOCTTY | O_CLOEXEC);
            MemorySegment value = local.allocateFrom(ValueLayout.JAVA_INT, 0);
            call(IOCTL, local, "ioctl TIOCSPTLCK", fd, TIOCSPTLCK, value);
            call(IOCTL, local, "ioctl TIOCGPTN", fd, TIOCGPTN, value);
            PtyMaster master = new PtyMaster(fd, value.get(ValueLayout.JAVA_INT, 0));
            master.resize(rows, columns);
            return master;
        }
    }

    /** The path of the slave side. */
    public Path slave() {
        return Path.of("/dev/pts/" + number);
    }

    /** Changes the window size; the kernel tells the foreground process group by SIGWINCH. */
    public void resize(int rows, int columns) throws IOException {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment size = local.allocate(8);
            size.set(ValueLayout.JAVA_SHORT, 0, (short) rows);
            size.set(ValueLayout.JAVA_SHORT, 2, (short) columns);
            call(IOCTL, local, "ioctl TIOCSWINSZ", fd, TIOCSWINSZ, size);
        }
    }

    /**
     * Reads what is there.
     *
     * @return number of bytes, 0 when nothing came in time, -1 when no process has the slave open
     *     any more
     */
    public int read(byte[] buffer, int timeoutMillis) throws IOException {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment poll = local.allocate(8, 4);
            poll.set(ValueLayout.JAVA_INT, 0, fd);
            poll.set(ValueLayout.JAVA_SHORT, 4, (short) POLLIN);
            if (call(POLL, local, "poll", poll, 1L, timeoutMillis) == 0) {
                return 0;
            }
            if ((poll.get(ValueLayout.JAVA_SHORT, 6) & POLLIN) == 0) {
                return -1;
            }
            MemorySegment bytes = local.allocate(buffer.length);
            int size = (int) call(READ, local, "read", fd, bytes, (long) buffer.length);
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, buffer, 0, Math.max(0, size));
            return size;
        }
    }

    /** Types bytes. */
    public void write(byte[] data) throws IOException {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment bytes = local.allocateFrom(ValueLayout.JAVA_BYTE, data);
            for (long done = 0; done < data.length; ) {
                done += call(WRITE, local, "write", fd, bytes.asSlice(done), data.length - done);
            }
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try (Arena local = Arena.ofConfined()) {
            call(CLOSE, local, "close", fd);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } finally {
            arena.close();
        }
    }

    private static MethodHandle handle(
            String name, FunctionDescriptor descriptor, Linker.Option... more) {
        Linker.Option[] options = new Linker.Option[more.length + 1];
        options[0] = Linker.Option.captureCallState("errno");
        System.arraycopy(more, 0, options, 1, more.length);
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options);
    }

    private static long call(MethodHandle function, Arena arena, String what, Object... arguments)
            throws IOException {
        MemorySegment state = arena.allocate(ERRNO_LAYOUT);
        Object[] all = new Object[arguments.length + 1];
        all[0] = state;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        while (true) {
            Object result;
            try {
                result = function.invokeWithArguments(all);
            } catch (Throwable e) {
                throw new IllegalStateException("native call failed: " + what, e);
            }
            long value = ((Number) result).longValue();
            if (value >= 0) {
                return value;
            }
            int errno = (int) ERRNO.get(state, 0L);
            if (errno == EIO && what.equals("read")) {
                return -1; // the last process closed the slave
            }
            if (errno != EINTR) {
                throw new IOException(what + " failed, errno=" + errno);
            }
        }
    }
}
