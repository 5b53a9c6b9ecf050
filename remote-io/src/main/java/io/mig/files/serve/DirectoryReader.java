package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.sys.Statx;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Limits;
import io.mig.files.wire.NodeRef;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Lists directories, as much per request as fits, with the attributes of what is in them if asked.
 * Keeps nothing between requests: positions are those of the file system (d_off of getdents64(2)),
 * which hold over closing and opening.
 */
final class DirectoryReader {
    /** Above what becoming a user may write. */
    private static final long AT = 512 << 10;

    private static final int CHUNK = 32 << 10;
    private static final int DIRECTORY = 4;

    private DirectoryReader() {}

    static void read(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        long position = call.in.u64();
        boolean plus = call.in.u8() != 0;
        int max = Math.clamp(call.in.u32(), 4096, Limits.MAX_DIRECTORY);
        if (call.isStub(node)) {
            stub(call, node, position);
            return;
        }
        OpenNodes.Open held = call.hold(node);
        try {
            call.session.learn(node.identity());
            call.asUser();
            int fd = call.worker.reopen(held.fd(), Linux.O_RDONLY | Linux.O_DIRECTORY);
            try {
                long dev = Statx.of(call.sys, fd, 0).dev();
                if (position != 0) {
                    call.check(call.sys.call(SysCall.LSEEK, fd, position, 0));
                }
                list(call, held.fd(), fd, dev, plus, max);
            } finally {
                call.sys.closeFd(fd);
            }
        } finally {
            call.release(held);
        }
    }

    private static void list(Call call, int directory, int fd, long dev, boolean plus, int max)
            throws SysException {
        int endAt = call.out.position();
        call.out.u8(0);
        MemorySegment s = call.sys.scratch();
        while (call.out.position() < max) {
            long got =
                    call.check(
                            call.sys.call(
                                    SysCall.GETDENTS,
                                    fd,
                                    s.address() + AT,
                                    chunk(call, max, plus)));
            if (got == 0) {
                call.out.array()[endAt] = 1;
                return;
            }
            for (long at = AT; at < AT + got; ) {
                int length = Short.toUnsignedInt(s.get(ValueLayout.JAVA_SHORT, at + 16));
                entry(call, directory, s, at, dev, plus);
                at += length;
            }
        }
    }

    /** So that what was read from the kernel always fits into what is left. */
    private static int chunk(Call call, int max, boolean plus) {
        int left = Math.max(max - call.out.position(), 1024);
        return Math.clamp(plus ? left / 6 : left, 1024, CHUNK);
    }

    private static void entry(
            Call call, int directory, MemorySegment s, long at, long dev, boolean plus)
            throws SysException {
        long ino = s.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
        long next = s.get(ValueLayout.JAVA_LONG_UNALIGNED, at + 8);
        int type = s.get(ValueLayout.JAVA_BYTE, at + 18);
        int length = 0;
        while (s.get(ValueLayout.JAVA_BYTE, at + 19 + length) != 0) {
            length++;
        }
        byte[] name = new byte[length];
        MemorySegment.copy(s, ValueLayout.JAVA_BYTE, at + 19, name, 0, length);
        call.out.u64(call.nodes.ino(ino, dev)).u64(next).u8(type).blob(name);
        boolean dots = name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'));
        int before = call.out.position();
        call.out.u8(0);
        if (plus && !dots) {
            try {
                // looking a mount up may have made us the agent
                call.asUser();
                int fd =
                        (int)
                                call.check(
                                        call.sys.call(
                                                SysCall.OPENAT,
                                                directory,
                                                call.sys.string(0, name),
                                                Linux.O_PATH | Linux.O_NOFOLLOW | Linux.O_CLOEXEC));
                call.enter(fd);
                call.out.array()[before] = 1;
            } catch (SysException e) {
                // gone meanwhile, or not to be seen: the guest asks for itself
                call.out.cutAt(before);
                call.out.u8(0);
            }
        }
    }

    private static void stub(Call call, NodeRef node, long position) throws SysException {
        if (position < 0) {
            throw new SysException(Errno.EINVAL);
        }
        call.out.u8(1);
        long ino = call.nodes.stubAttr(node.identity()).ino();
        if (position == 0) {
            call.out.u64(ino).u64(1).u8(DIRECTORY).blob(new byte[] {'.'}).u8(0);
        }
        if (position <= 1) {
            call.out.u64(ino).u64(2).u8(DIRECTORY).blob(new byte[] {'.', '.'}).u8(0);
        }
    }
}
