package io.mig.ctl.doctor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** Asks the running kernel through {@code syscall(2)}. The numbers are those of x86-64. */
final class LinuxKernel implements Kernel {
    private static final long OPEN = 2;
    private static final long CLOSE = 3;
    private static final long IOCTL = 16;
    private static final long ADJTIMEX = 159;
    private static final long USERFAULTFD = 323;
    private static final long PIDFD_OPEN = 434;
    private static final long PIDFD_GETFD = 438;
    private static final long O_RDWR = 2;
    private static final long O_CLOEXEC = 0x80000;
    private static final long O_NONBLOCK = 0x800;

    // _IOWR('f', 16, struct pm_scan_arg) of linux/fs.h; the structure is 12 words and begins with
    // its size
    private static final long PAGEMAP_SCAN = 0xC0606610L;
    private static final int PM_SCAN_ARG_BYTES = 96;
    private static final int TIMEX_BYTES = 208;
    private static final int TIME_ERROR = 5;

    private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            CAPTURED.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private final MethodHandle syscall;

    LinuxKernel() {
        Linker linker = Linker.nativeLinker();
        syscall =
                linker.downcallHandle(
                        linker.defaultLookup().findOrThrow("syscall"),
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG),
                        Linker.Option.captureCallState("errno"),
                        Linker.Option.firstVariadicArg(1));
    }

    @Override
    public int userfaultfd() {
        return opened(call(USERFAULTFD, O_CLOEXEC | O_NONBLOCK, 0, 0));
    }

    @Override
    public int pagemapScan() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = arena.allocateFrom("/proc/self/pagemap");
            long fd = call(OPEN, path.address(), O_CLOEXEC, 0);
            if (fd < 0) {
                return (int) -fd;
            }
            MemorySegment argument = arena.allocate(PM_SCAN_ARG_BYTES, Long.BYTES);
            argument.set(ValueLayout.JAVA_LONG, 0, PM_SCAN_ARG_BYTES);
            long result = call(IOCTL, fd, PAGEMAP_SCAN, argument.address());
            call(CLOSE, fd, 0, 0);
            return result < 0 ? (int) -result : 0;
        }
    }

    @Override
    public int pidfd() {
        long self = call(PIDFD_OPEN, ProcessHandle.current().pid(), 0, 0);
        if (self < 0) {
            return (int) -self;
        }
        int errno = opened(call(PIDFD_GETFD, self, self, 0));
        call(CLOSE, self, 0, 0);
        return errno;
    }

    @Override
    public int open(String device) {
        try (Arena arena = Arena.ofConfined()) {
            return opened(
                    call(
                            OPEN,
                            arena.allocateFrom(device).address(),
                            O_RDWR | O_CLOEXEC | O_NONBLOCK,
                            0));
        }
    }

    @Override
    public boolean clockSynchronised() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment timex = arena.allocate(TIMEX_BYTES, Long.BYTES); // modes = 0: only look
            long state = call(ADJTIMEX, timex.address(), 0, 0);
            return state >= 0 && state != TIME_ERROR;
        }
    }

    private int opened(long fd) {
        if (fd < 0) {
            return (int) -fd;
        }
        call(CLOSE, fd, 0, 0);
        return 0;
    }

    /** The result, or the negative errno. */
    private long call(long number, long first, long second, long third) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURED);
            long result = (long) syscall.invokeExact(state, number, first, second, third);
            return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
        } catch (Throwable e) { // what invokeExact declares; the call itself throws nothing
            throw new IllegalStateException("system call " + number + " could not be made", e);
        }
    }
}
