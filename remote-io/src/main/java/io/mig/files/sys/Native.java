package io.mig.files.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * Makes system calls and has some memory for their arguments. One thread at a time uses an
 * instance: the words and names written by one call are overwritten by the next.
 *
 * <p>Calls go through libc's {@code syscall(2)} on purpose: its wrappers of {@code setgroups} and
 * the like change all threads of the process, the bare call only the calling one. A call that
 * blocks keeps the carrier of a virtual thread.
 */
public final class Native implements AutoCloseable {
    /** Longest name of a directory entry, without the NUL. */
    public static final int MAX_NAME = 255;

    /** Longest path or symlink target, without the NUL. */
    public static final int MAX_PATH = 4095;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle SYSCALL =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("syscall"),
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG),
                    Linker.Option.firstVariadicArg(1),
                    Linker.Option.captureCallState("errno"));

    private final Arena arena;
    private final MemorySegment state;
    private final MemorySegment paths;
    private final MemorySegment scratch;

    /**
     * @param scratchBytes how much memory {@link #scratch} has
     */
    public Native(long scratchBytes) {
        this(scratchBytes, Arena.ofShared());
    }

    /** One that is not closed but freed when nobody refers to it any more. */
    public static Native collected(long scratchBytes) {
        return new Native(scratchBytes, Arena.ofAuto());
    }

    private Native(long scratchBytes, Arena arena) {
        this.arena = arena;
        this.state = arena.allocate(STATE);
        this.paths = arena.allocate(2L * (MAX_PATH + 1), 8);
        this.scratch = arena.allocate(Math.max(scratchBytes, 64), 4096);
    }

    /** Memory for structures and data. */
    public MemorySegment scratch() {
        return scratch;
    }

    public long scratchAddress() {
        return scratch.address();
    }

    /** Address of a NUL-terminated copy; good until the next use of the same slot, 0 or 1. */
    public long string(int slot, byte[] text) {
        if (text.length > MAX_PATH) {
            throw new IllegalArgumentException("path bytes=" + text.length + " above " + MAX_PATH);
        }
        long at = (long) slot * (MAX_PATH + 1);
        MemorySegment.copy(text, 0, paths, ValueLayout.JAVA_BYTE, at, text.length);
        paths.set(ValueLayout.JAVA_BYTE, at + text.length, (byte) 0);
        return paths.address() + at;
    }

    /** Result of a call, or minus errno. */
    public long call(SysCall call, long a, long b, long c, long d, long e, long f) {
        long result;
        try {
            result = (long) SYSCALL.invokeExact(state, (long) call.number(), a, b, c, d, e, f);
        } catch (Throwable t) {
            throw new IllegalStateException("system call " + call, t);
        }
        return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
    }

    public long call(SysCall call, long a, long b, long c, long d) {
        return call(call, a, b, c, d, 0, 0);
    }

    public long call(SysCall call, long a, long b, long c) {
        return call(call, a, b, c, 0, 0, 0);
    }

    public long call(SysCall call, long a, long b) {
        return call(call, a, b, 0, 0, 0, 0);
    }

    public long call(SysCall call, long a) {
        return call(call, a, 0, 0, 0, 0, 0);
    }

    /** Closes a descriptor; negative ones are ignored. */
    public void closeFd(int fd) {
        if (fd >= 0) {
            call(SysCall.CLOSE, fd);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
