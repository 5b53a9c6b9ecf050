package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Limits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/** Operations on the contents of open files. Done as who opened it, like the kernel does. */
final class Transfer {
    /** One request keeps a worker no longer than copying this takes. */
    private static final long MAX_COPY = 64L << 20;

    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;

    private final Changes changes;

    Transfer(Changes changes) {
        this.changes = changes;
    }

    @FunctionalInterface
    interface OnFile {
        void run(OpenFile file) throws SysException, BadFrameException;
    }

    static void on(Call call, long handle, OnFile work) throws SysException, BadFrameException {
        OpenFile file = call.session.use(handle);
        try {
            call.worker.become(file.opener());
            work.run(file);
        } finally {
            FileOperations.leave(call, file);
        }
    }

    /** Reads into the frame through the scratch memory; gives the number of bytes. */
    static int read(Call call, int fd, long offset, int size) throws SysException {
        int total = 0;
        int at = call.out.reserve(size);
        while (total < size) {
            long got =
                    call.check(
                            call.sys.call(
                                    SysCall.PREAD,
                                    fd,
                                    call.sys.scratchAddress(),
                                    size - total,
                                    offset + total));
            if (got == 0) {
                break;
            }
            MemorySegment.copy(
                    call.sys.scratch(),
                    ValueLayout.JAVA_BYTE,
                    0,
                    call.out.array(),
                    at + total,
                    (int) got);
            total += (int) got;
        }
        call.out.cutAt(at + total);
        return total;
    }

    void read(Call call) throws SysException, BadFrameException {
        long handle = call.in.u64();
        long offset = call.in.u64();
        int size = call.in.count(Limits.MAX_DATA);
        on(call, handle, file -> read(call, file.fd(), offset, size));
    }

    /** Answers with what was written and the attributes before and after. */
    void write(Call call) throws SysException, BadFrameException {
        long handle = call.in.u64();
        long offset = call.in.u64();
        ByteBuffer data = call.in.rest();
        int size = data.remaining();
        if (size > Limits.MAX_DATA) {
            throw new BadFrameException("write bytes=" + size);
        }
        on(
                call,
                handle,
                file -> {
                    var before = call.nodes.attr(call.worker, file.fd(), false);
                    MemorySegment.copy(
                            MemorySegment.ofBuffer(data), 0, call.sys.scratch(), 0, size);
                    int total = 0;
                    while (total < size) {
                        long wrote =
                                call.sys.call(
                                        SysCall.PWRITE,
                                        file.fd(),
                                        call.sys.scratchAddress() + total,
                                        size - total,
                                        offset + total);
                        if (wrote < 0 && total == 0) {
                            throw new SysException((int) -wrote);
                        }
                        if (wrote <= 0) {
                            break;
                        }
                        total += (int) wrote;
                    }
                    call.out.u32(total).attr(before);
                    call.out.attr(call.nodes.attr(call.worker, file.fd(), true));
                    changes.inode(call.session, file.node(), true);
                });
    }

    void fsync(Call call) throws SysException, BadFrameException {
        long handle = call.in.u64();
        boolean dataOnly = call.in.u8() != 0;
        if (handle != 0) {
            on(
                    call,
                    handle,
                    file ->
                            call.check(
                                    call.sys.call(
                                            dataOnly ? SysCall.FDATASYNC : SysCall.FSYNC,
                                            file.fd())));
            return;
        }
        OpenNodes.Open directory = call.hold(call.in.ref());
        try {
            call.worker.asAgent();
            int fd = call.worker.reopen(directory.fd(), Linux.O_RDONLY | Linux.O_DIRECTORY);
            try {
                call.check(call.sys.call(SysCall.FSYNC, fd));
            } finally {
                call.sys.closeFd(fd);
            }
        } finally {
            call.release(directory);
        }
    }

    void allocate(Call call) throws SysException, BadFrameException {
        long handle = call.in.u64();
        long offset = call.in.u64();
        long length = call.in.u64();
        int mode = call.in.u32();
        on(
                call,
                handle,
                file -> {
                    call.check(call.sys.call(SysCall.FALLOCATE, file.fd(), mode, offset, length));
                    changes.inode(call.session, file.node(), true);
                });
    }

    void seek(Call call) throws SysException, BadFrameException {
        long handle = call.in.u64();
        long offset = call.in.u64();
        int whence = call.in.u32();
        if (whence != SEEK_DATA && whence != SEEK_HOLE) {
            throw new SysException(Errno.EINVAL);
        }
        on(
                call,
                handle,
                file ->
                        call.out.u64(
                                call.check(
                                        call.sys.call(SysCall.LSEEK, file.fd(), offset, whence))));
    }

    void copy(Call call) throws SysException, BadFrameException {
        long from = call.in.u64();
        long fromOffset = call.in.u64();
        long to = call.in.u64();
        long toOffset = call.in.u64();
        long length = Math.min(call.in.u64(), MAX_COPY);
        int flags = call.in.u32();
        OpenFile source = call.session.use(from);
        try {
            on(
                    call,
                    to,
                    file -> {
                        MemorySegment s = call.sys.scratch();
                        s.set(ValueLayout.JAVA_LONG, 0, fromOffset);
                        s.set(ValueLayout.JAVA_LONG, 8, toOffset);
                        long copied =
                                call.check(
                                        call.sys.call(
                                                SysCall.COPY_FILE_RANGE,
                                                source.fd(),
                                                s.address(),
                                                file.fd(),
                                                s.address() + 8,
                                                length,
                                                flags));
                        call.out.u64(copied);
                        changes.inode(call.session, file.node(), true);
                    });
        } finally {
            FileOperations.leave(call, source);
        }
    }
}
