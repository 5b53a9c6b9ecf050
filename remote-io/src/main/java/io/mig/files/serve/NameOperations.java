package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.NodeRef;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Operations on names: each is one system call on (directory, name), so nothing a guest says can
 * lead out of the directory it named. Symbolic links are never followed here.
 */
final class NameOperations {
    private static final int FIND = Linux.O_PATH | Linux.O_NOFOLLOW | Linux.O_CLOEXEC;

    private final Changes changes;

    NameOperations(Changes changes) {
        this.changes = changes;
    }

    @FunctionalInterface
    private interface InDirectory {
        void run(int directory) throws SysException, BadFrameException;
    }

    private static void in(Call call, NodeRef directory, InDirectory work)
            throws SysException, BadFrameException {
        OpenNodes.Open held = call.hold(directory);
        try {
            call.asUser();
            work.run(held.fd());
        } finally {
            call.release(held);
        }
    }

    void lookup(Call call) throws SysException, BadFrameException {
        NodeRef parent = call.in.ref();
        byte[] name = call.in.name();
        if (call.isStub(parent)) {
            throw new SysException(Errno.ENOENT);
        }
        in(
                call,
                parent,
                directory -> {
                    // before looking: what changes after this is told
                    call.session.learn(parent.identity());
                    call.enter(find(call, directory, name));
                });
    }

    private static int find(Call call, int directory, byte[] name) throws SysException {
        return (int)
                call.check(
                        call.sys.call(SysCall.OPENAT, directory, call.sys.string(0, name), FIND));
    }

    void makeDirectory(Call call) throws SysException, BadFrameException {
        NodeRef parent = call.in.ref();
        byte[] name = call.in.name();
        int mode = call.in.u32();
        int umask = call.in.u32();
        in(
                call,
                parent,
                directory -> {
                    call.worker.umask(umask);
                    Native sys = call.sys;
                    call.check(
                            sys.call(
                                    SysCall.MKDIRAT, directory, sys.string(0, name), mode & 07777));
                    changes.name(call.session, parent, name);
                    call.enter(find(call, directory, name));
                    call.describe(parent, directory);
                });
    }

    void makeNode(Call call) throws SysException, BadFrameException {
        NodeRef parent = call.in.ref();
        byte[] name = call.in.name();
        int mode = call.in.u32();
        int rdev = call.in.u32();
        int umask = call.in.u32();
        in(
                call,
                parent,
                directory -> {
                    call.worker.umask(umask);
                    Native sys = call.sys;
                    call.check(
                            sys.call(
                                    SysCall.MKNODAT,
                                    directory,
                                    sys.string(0, name),
                                    mode,
                                    Integer.toUnsignedLong(rdev)));
                    changes.name(call.session, parent, name);
                    call.enter(find(call, directory, name));
                    call.describe(parent, directory);
                });
    }

    void symlink(Call call) throws SysException, BadFrameException {
        NodeRef parent = call.in.ref();
        byte[] name = call.in.name();
        byte[] target = call.in.path(Native.MAX_PATH);
        in(
                call,
                parent,
                directory -> {
                    Native sys = call.sys;
                    call.check(
                            sys.call(
                                    SysCall.SYMLINKAT,
                                    sys.string(1, target),
                                    directory,
                                    sys.string(0, name)));
                    changes.name(call.session, parent, name);
                    call.enter(find(call, directory, name));
                    call.describe(parent, directory);
                });
    }

    void unlink(Call call, boolean isDirectory) throws SysException, BadFrameException {
        NodeRef parent = call.in.ref();
        byte[] name = call.in.name();
        in(
                call,
                parent,
                directory -> {
                    Native sys = call.sys;
                    call.check(
                            sys.call(
                                    SysCall.UNLINKAT,
                                    directory,
                                    sys.string(0, name),
                                    isDirectory ? Linux.AT_REMOVEDIR : 0));
                    changes.name(call.session, parent, name);
                    call.describe(parent, directory);
                });
    }

    void rename(Call call) throws SysException, BadFrameException {
        NodeRef from = call.in.ref();
        byte[] name = call.in.name();
        NodeRef to = call.in.ref();
        byte[] newName = call.in.name();
        int flags = call.in.u32();
        OpenNodes.Open target = call.hold(to);
        try {
            in(
                    call,
                    from,
                    directory -> {
                        Native sys = call.sys;
                        call.check(
                                sys.call(
                                        SysCall.RENAMEAT2,
                                        directory,
                                        sys.string(0, name),
                                        target.fd(),
                                        sys.string(1, newName),
                                        flags,
                                        0));
                        changes.name(call.session, from, name);
                        changes.name(call.session, to, newName);
                    });
        } finally {
            call.release(target);
        }
    }

    void link(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        NodeRef parent = call.in.ref();
        byte[] name = call.in.name();
        OpenNodes.Open existing = call.hold(node);
        try {
            in(
                    call,
                    parent,
                    directory -> {
                        Native sys = call.sys;
                        call.check(
                                sys.call(
                                        SysCall.LINKAT,
                                        call.worker.descriptors(),
                                        call.worker.nameOf(1, existing.fd()),
                                        directory,
                                        sys.string(0, name),
                                        Linux.AT_SYMLINK_FOLLOW,
                                        0));
                        changes.name(call.session, parent, name);
                        changes.inode(call.session, node, false);
                        call.enter(find(call, directory, name));
                    });
        } finally {
            call.release(existing);
        }
    }

    void readLink(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        OpenNodes.Open held = call.hold(node);
        try {
            int at = call.out.reserve(Native.MAX_PATH + 1);
            long length =
                    call.check(
                            call.sys.call(
                                    SysCall.READLINKAT,
                                    held.fd(),
                                    call.sys.string(1, new byte[0]),
                                    call.sys.scratchAddress(),
                                    Native.MAX_PATH + 1));
            MemorySegment.copy(
                    call.sys.scratch(),
                    ValueLayout.JAVA_BYTE,
                    0,
                    call.out.array(),
                    at,
                    (int) length);
            call.out.cutAt(at + (int) length);
        } finally {
            call.release(held);
        }
    }
}
