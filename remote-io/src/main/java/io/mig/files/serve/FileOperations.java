package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.Statx;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.NodeRef;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** Opening files, and giving open ones up. */
final class FileOperations {
    private static final int KEPT_FLAGS =
            Linux.O_ACCMODE
                    | Linux.O_APPEND
                    | Linux.O_TRUNC
                    | Linux.O_SYNC
                    | Linux.O_DSYNC
                    | Linux.O_NOATIME;

    /** How execve opens: {@code __FMODE_EXEC} of {@code fs.h}. */
    private static final int FOR_EXEC = 0x20;

    private static final int X_OK = 1;
    private static final int AT_EACCESS = 0x200;

    /** Files that are not longer are sent with the answer to open. */
    private static final int INLINE = 64 << 10;

    /** What a host wants with an open file: its contents, what its contents are called. */
    private static final int WANTS_CONTENTS = 1;

    private static final int WANTS_HASH = 2;

    /** When the guest opened it its name led to it: that it is gone since does not matter. */
    private static final int NAME_WAS_ITS = 4;

    private final Changes changes;
    private final ContentHashes hashes;

    FileOperations(Changes changes, ContentHashes hashes) {
        this.hashes = hashes;
        this.changes = changes;
    }

    void open(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        long handle = call.in.u64();
        int flags = call.in.u32();
        int wants = call.in.u8();
        room(call);
        OpenNodes.Open held = call.hold(node);
        try {
            Statx stat = Statx.of(call.sys, held.fd(), 0);
            refuseSpecial(stat);
            boolean gone = stat.nlink() == 0 && (wants & NAME_WAS_ITS) == 0;
            if (gone && !hasOpen(call, node)) {
                // the name leads elsewhere by now: the guest's kernel looks again
                throw new SysException(Errno.ESTALE);
            }
            call.session.learn(node.identity());
            call.asUser();
            int fd;
            if ((flags & FOR_EXEC) != 0 && (flags & Linux.O_ACCMODE) == Linux.O_RDONLY) {
                call.check(
                        call.sys.call(
                                SysCall.FACCESSAT2,
                                call.worker.descriptors(),
                                call.worker.nameOf(0, held.fd()),
                                X_OK,
                                AT_EACCESS));
                call.worker.asAgent();
                fd = call.worker.reopen(held.fd(), Linux.O_RDONLY);
            } else {
                fd = call.worker.reopen(held.fd(), flags & KEPT_FLAGS);
            }
            opened(call, node, handle, fd, flags);
            call.out.attr(call.nodes.attr(call.worker, fd, call.nodes.watched(call.worker, node)));
            grant(call, node, flags);
            contents(call, fd, stat.size(), (wants & WANTS_CONTENTS) != 0);
            if ((wants & WANTS_HASH) != 0 && (flags & Linux.O_ACCMODE) == Linux.O_RDONLY) {
                hash(call, node, stat, fd);
            }
            if ((flags & Linux.O_TRUNC) != 0) {
                changes.inode(call.session, node, true);
            }
        } finally {
            call.release(held);
        }
    }

    /**
     * Length and bytes, without bytes when it is worth while to ask again; nothing follows for a
     * file whose contents will have no name.
     */
    private void hash(Call call, NodeRef node, Statx stat, int fd) {
        hashes.of(call.sys, node, stat, fd)
                .ifPresent(hash -> call.out.u8(hash.length).rest(ByteBuffer.wrap(hash)));
    }

    private static boolean hasOpen(Call call, NodeRef node) {
        OpenFile file = call.session.useAny(node);
        if (file == null) {
            return false;
        }
        leave(call, file);
        return true;
    }

    private static void contents(Call call, int fd, long size, boolean wanted) throws SysException {
        if (!wanted || size == 0 || size > INLINE) {
            call.out.u32(0);
            return;
        }
        int lengthAt = call.out.position();
        call.out.u32(0);
        int got = Transfer.read(call, fd, 0, (int) size);
        call.out.setU32(lengthAt, got);
    }

    void create(Call call) throws SysException, BadFrameException {
        NodeRef parent = call.in.ref();
        byte[] name = call.in.name();
        long handle = call.in.u64();
        int flags = call.in.u32();
        int mode = call.in.u32();
        int umask = call.in.u32();
        room(call);
        OpenNodes.Open directory = call.hold(parent);
        try {
            call.asUser();
            call.worker.umask(umask);
            Native sys = call.sys;
            int wanted = flags & (KEPT_FLAGS | Linux.O_EXCL);
            int fd =
                    (int)
                            call.check(
                                    sys.call(
                                            SysCall.OPENAT,
                                            directory.fd(),
                                            sys.string(0, name),
                                            wanted
                                                    | Linux.O_CREAT
                                                    | Linux.O_NOFOLLOW
                                                    | Linux.O_NONBLOCK
                                                    | Linux.O_NOCTTY
                                                    | Linux.O_CLOEXEC,
                                            mode & 07777));
            changes.name(call.session, parent, name);
            created(call, handle, fd, flags);
            call.describe(parent, directory.fd());
        } finally {
            call.release(directory);
        }
    }

    /** O_TMPFILE: without a name, in a directory. */
    void temporary(Call call) throws SysException, BadFrameException {
        NodeRef parent = call.in.ref();
        long handle = call.in.u64();
        int flags = call.in.u32();
        int mode = call.in.u32();
        int umask = call.in.u32();
        room(call);
        OpenNodes.Open directory = call.hold(parent);
        try {
            call.asUser();
            call.worker.umask(umask);
            int wanted = flags & (KEPT_FLAGS | Linux.O_EXCL) & ~Linux.O_TRUNC;
            int fd =
                    (int)
                            call.check(
                                    call.sys.call(
                                            SysCall.OPENAT,
                                            directory.fd(),
                                            call.sys.string(0, new byte[] {'.'}),
                                            wanted | Linux.O_TMPFILE | Linux.O_CLOEXEC,
                                            mode & 07777));
            created(call, handle, fd, flags);
        } finally {
            call.release(directory);
        }
    }

    private void created(Call call, long handle, int fd, int flags) throws SysException {
        boolean owned = true;
        try {
            refuseSpecial(Statx.of(call.sys, fd, 0));
            Nodes.Entry entry = call.enter(call.worker.reopen(fd, Linux.O_PATH));
            owned = false;
            opened(call, entry.ref(), handle, fd, flags);
            grant(call, entry.ref(), flags);
        } finally {
            if (owned) {
                call.sys.closeFd(fd);
            }
        }
    }

    private static void refuseSpecial(Statx stat) throws SysException {
        if (Linux.isDirectory(stat.mode())) {
            throw new SysException(Errno.EISDIR);
        }
        if (!Linux.isRegular(stat.mode())) {
            // pipes, sockets and devices belong to the machine the guest is on
            throw new SysException(Errno.ENXIO);
        }
    }

    private static void room(Call call) throws SysException {
        if (!call.session.room()) {
            throw new SysException(Errno.EMFILE);
        }
    }

    private static void opened(Call call, NodeRef node, long handle, int fd, int flags)
            throws SysException {
        try {
            call.session.opened(handle, new OpenFile(node, fd, flags, call.credentials()));
        } catch (SysException e) {
            call.sys.closeFd(fd);
            throw e;
        }
    }

    /** Proof that this host had this file open like this, for when the agent has forgotten. */
    private static void grant(Call call, NodeRef node, int flags) throws SysException {
        call.out.rest(ByteBuffer.wrap(grantTag(call, node, flags)));
    }

    private static byte[] grantTag(Call call, NodeRef node, int flags) throws SysException {
        byte[] identity = node.identity();
        ByteBuffer what = ByteBuffer.allocate(identity.length + 16);
        what.put("open".getBytes(StandardCharsets.US_ASCII));
        what.putInt(flags).putInt(call.header.uid()).putInt(call.header.gid()).put(identity);
        return call.seals.tag(call.session.host(), what.array());
    }

    /** The right to it was checked when it was opened; as with any open file it stays. */
    void reopen(Call call) throws SysException, BadFrameException {
        NodeRef node = call.in.ref();
        long handle = call.in.u64();
        int flags = call.in.u32();
        byte[] tag = new byte[NodeRef.SEAL_BYTES];
        ByteBuffer rest = call.in.rest();
        if (rest.remaining() != tag.length) {
            throw new BadFrameException("grant bytes=" + rest.remaining());
        }
        rest.get(tag);
        if (!MessageDigest.isEqual(tag, grantTag(call, node, flags))) {
            throw new SysException(Errno.EACCES);
        }
        if (call.session.has(handle)) {
            return;
        }
        room(call);
        Credentials user = call.credentials();
        OpenNodes.Open held = call.hold(node);
        try {
            refuseSpecial(Statx.of(call.sys, held.fd(), 0));
            call.session.learn(node.identity());
            call.worker.asAgent();
            int fd =
                    call.worker.reopen(
                            held.fd(), flags & KEPT_FLAGS & ~(Linux.O_TRUNC | Linux.O_NOATIME));
            try {
                call.session.opened(handle, new OpenFile(node, fd, flags, user));
            } catch (SysException e) {
                call.sys.closeFd(fd);
                throw e;
            }
        } finally {
            call.release(held);
        }
    }

    void release(Call call) throws BadFrameException {
        long handle = call.in.u64();
        OpenFile file = call.session.released(handle);
        if (file != null) {
            call.session.locks().dropAll(call.sys, handle);
            leave(call, file);
        }
    }

    static void leave(Call call, OpenFile file) {
        if (file.leave()) {
            call.sys.closeFd(file.fd());
        }
    }
}
