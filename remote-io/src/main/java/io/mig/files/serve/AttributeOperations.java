package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.Statx;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Limits;
import io.mig.files.wire.NodeRef;
import io.mig.files.wire.SetAttr;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Attributes and extended attributes of inodes, and what statfs tells. */
final class AttributeOperations {
    private static final long UTIME_NOW = (1L << 30) - 1;
    private static final long UTIME_OMIT = (1L << 30) - 2;

    private final Changes changes;

    AttributeOperations(Changes changes) {
        this.changes = changes;
    }

    void get(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        if (call.isStub(node)) {
            call.out.attr(call.nodes.stubAttr(node.identity()));
            return;
        }
        OpenNodes.Open held = call.hold(node);
        try {
            call.session.learn(node.identity());
            call.out.attr(
                    call.nodes.attr(call.worker, held.fd(), call.nodes.watched(call.worker, node)));
        } finally {
            call.release(held);
        }
    }

    void set(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        long handle = call.in.u64();
        SetAttr wanted = SetAttr.from(call.in);
        OpenNodes.Open held = call.hold(node);
        try {
            call.asUser();
            owner(call, held.fd(), wanted);
            if (wanted.has(SetAttr.MODE)) {
                call.check(
                        call.sys.call(
                                SysCall.FCHMODAT,
                                call.worker.descriptors(),
                                call.worker.nameOf(0, held.fd()),
                                wanted.mode() & 07777));
            }
            if (wanted.has(SetAttr.SIZE)) {
                size(call, held.fd(), handle, wanted.size());
            }
            times(call, held.fd(), wanted);
            changes.inode(call.session, node, wanted.has(SetAttr.SIZE));
            call.out.attr(
                    call.nodes.attr(call.worker, held.fd(), call.nodes.watched(call.worker, node)));
        } finally {
            call.release(held);
        }
    }

    private static void owner(Call call, int fd, SetAttr wanted) throws SysException {
        if (!wanted.has(SetAttr.UID) && !wanted.has(SetAttr.GID)) {
            return;
        }
        call.check(
                call.sys.call(
                        SysCall.FCHOWNAT,
                        fd,
                        call.sys.string(0, new byte[0]),
                        wanted.has(SetAttr.UID) ? Integer.toUnsignedLong(wanted.uid()) : -1,
                        wanted.has(SetAttr.GID) ? Integer.toUnsignedLong(wanted.gid()) : -1,
                        Linux.AT_EMPTY_PATH,
                        0));
    }

    /** Through the open file if one is named: whoever has it open for writing may. */
    private static void size(Call call, int fd, long handle, long size)
            throws SysException, BadFrameException {
        if (handle == 0) {
            if (!Linux.isRegular(Statx.of(call.sys, fd, 0).mode())) {
                throw new SysException(Errno.EINVAL);
            }
            call.check(call.sys.call(SysCall.TRUNCATE, call.worker.pathOf(0, fd), size));
            return;
        }
        Transfer.on(
                call,
                handle,
                file -> call.check(call.sys.call(SysCall.FTRUNCATE, file.fd(), size)));
        call.asUser();
    }

    private static void times(Call call, int fd, SetAttr wanted) throws SysException {
        if (!wanted.has(SetAttr.ATIME) && !wanted.has(SetAttr.MTIME)) {
            return;
        }
        MemorySegment s = call.sys.scratch();
        time(s, 0, wanted, SetAttr.ATIME, SetAttr.ATIME_NOW, wanted.atime(), wanted.atimeNanos());
        time(s, 16, wanted, SetAttr.MTIME, SetAttr.MTIME_NOW, wanted.mtime(), wanted.mtimeNanos());
        call.check(
                call.sys.call(
                        SysCall.UTIMENSAT,
                        call.worker.descriptors(),
                        call.worker.nameOf(0, fd),
                        s.address(),
                        0));
    }

    private static void time(
            MemorySegment s, long at, SetAttr wanted, int set, int now, long seconds, int nanos) {
        s.set(ValueLayout.JAVA_LONG, at, seconds);
        s.set(
                ValueLayout.JAVA_LONG,
                at + 8,
                !wanted.has(set) ? UTIME_OMIT : wanted.has(now) ? UTIME_NOW : nanos);
    }

    void fileSystem(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        OpenNodes.Open held = call.hold(node);
        try {
            MemorySegment s = call.sys.scratch();
            call.check(call.sys.call(SysCall.FSTATFS, held.fd(), s.address()));
            for (long at = 16; at <= 48; at += 8) {
                // blocks, free, available, files, free ones
                call.out.u64(s.get(ValueLayout.JAVA_LONG, at));
            }
            call.out.u32((int) s.get(ValueLayout.JAVA_LONG, 8));
            call.out.u32((int) s.get(ValueLayout.JAVA_LONG, 64));
            call.out.u32((int) s.get(ValueLayout.JAVA_LONG, 72));
        } finally {
            call.release(held);
        }
    }

    void getExtended(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        byte[] name = call.in.path(Native.MAX_NAME);
        OpenNodes.Open held = call.hold(node);
        try {
            call.asUser();
            long got =
                    call.check(
                            call.sys.call(
                                    SysCall.GETXATTR,
                                    call.worker.pathOf(0, held.fd()),
                                    call.sys.string(1, name),
                                    call.sys.scratchAddress(),
                                    Limits.MAX_XATTR + 1));
            copyOut(call, (int) got);
        } finally {
            call.release(held);
        }
    }

    void listExtended(Call call) throws SysException, BadFrameException {
        OpenNodes.Open held = call.hold(call.in.ref());
        try {
            call.asUser();
            long got =
                    call.check(
                            call.sys.call(
                                    SysCall.LISTXATTR,
                                    call.worker.pathOf(0, held.fd()),
                                    call.sys.scratchAddress(),
                                    Limits.MAX_XATTR + 1));
            copyOut(call, (int) got);
        } finally {
            call.release(held);
        }
    }

    private static void copyOut(Call call, int length) {
        int at = call.out.reserve(length);
        MemorySegment.copy(
                call.sys.scratch(), ValueLayout.JAVA_BYTE, 0, call.out.array(), at, length);
    }

    void setExtended(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        byte[] name = call.in.path(Native.MAX_NAME);
        int flags = call.in.u32();
        var value = call.in.rest();
        if (value.remaining() > Limits.MAX_XATTR + 1) {
            throw new BadFrameException("attribute bytes=" + value.remaining());
        }
        int size = value.remaining();
        OpenNodes.Open held = call.hold(node);
        try {
            call.asUser();
            MemorySegment.copy(MemorySegment.ofBuffer(value), 0, call.sys.scratch(), 0, size);
            call.check(
                    call.sys.call(
                            SysCall.SETXATTR,
                            call.worker.pathOf(0, held.fd()),
                            call.sys.string(1, name),
                            call.sys.scratchAddress(),
                            size,
                            flags,
                            0));
            changes.inode(call.session, node, false);
        } finally {
            call.release(held);
        }
    }

    void removeExtended(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        byte[] name = call.in.path(Native.MAX_NAME);
        OpenNodes.Open held = call.hold(node);
        try {
            call.asUser();
            call.check(
                    call.sys.call(
                            SysCall.REMOVEXATTR,
                            call.worker.pathOf(0, held.fd()),
                            call.sys.string(1, name)));
            changes.inode(call.session, node, false);
        } finally {
            call.release(held);
        }
    }
}
