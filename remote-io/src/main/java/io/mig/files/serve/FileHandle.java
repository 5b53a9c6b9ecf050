package io.mig.files.serve;

import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's name of an inode that outlives path, descriptor and agent. Source:
 * name_to_handle_at(2).
 */
@SuppressWarnings("ArrayRecordComponent")
record FileHandle(int type, byte[] bytes) {
    static final int MAX = 128;

    /** Of what a descriptor refers to; null where the file system has no handles. */
    static @Nullable FileHandle of(Native sys, int fd, long at) throws SysException {
        MemorySegment s = sys.scratch();
        s.set(ValueLayout.JAVA_INT, at, MAX);
        long result =
                sys.call(
                        SysCall.NAME_TO_HANDLE_AT,
                        fd,
                        sys.string(1, new byte[0]),
                        s.address() + at,
                        s.address() + at + 8 + MAX,
                        Linux.AT_EMPTY_PATH,
                        0);
        if (result < 0) {
            return null;
        }
        byte[] bytes = new byte[s.get(ValueLayout.JAVA_INT, at)];
        MemorySegment.copy(s, ValueLayout.JAVA_BYTE, at + 8, bytes, 0, bytes.length);
        return new FileHandle(s.get(ValueLayout.JAVA_INT, at + 4), bytes);
    }

    /** Opens the inode; the caller must be the agent. ESTALE when it is gone. */
    int open(Native sys, int mountFd, long at, int flags) throws SysException {
        MemorySegment s = sys.scratch();
        s.set(ValueLayout.JAVA_INT, at, bytes.length);
        s.set(ValueLayout.JAVA_INT, at + 4, type);
        MemorySegment.copy(bytes, 0, s, ValueLayout.JAVA_BYTE, at + 8, bytes.length);
        return (int)
                SysException.check(
                        sys.call(
                                SysCall.OPEN_BY_HANDLE_AT,
                                mountFd,
                                s.address() + at,
                                flags | Linux.O_CLOEXEC));
    }
}
