package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.Statx;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import io.mig.files.wire.Attr;
import io.mig.files.wire.NodeRef;
import io.mig.model.NodeId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Between references on the wire and inodes at home. A reference says mount and file handle, so
 * that it needs no memory here and outlives the agent; only where a file system has no handles a
 * descriptor is kept, and the least used are given up. Thread-safe.
 */
final class Nodes implements AutoCloseable {
    static final int BY_HANDLE = 1;
    static final int PINNED = 2;
    static final int STUB = 3;

    /** How long a host may believe what changes unseen by us. */
    static final int SHORT_LEASE_MILLIS = 1000;

    /** How long where every change is told: bounds what a lost message can do. */
    static final int LONG_LEASE_MILLIS = 60_000;

    private static final long ROOT_OF_STUB = 1;

    private final Mounts mounts;
    private final OpenNodes open = new OpenNodes(4096);
    private final PinnedNodes pinned = new PinnedNodes(16_384);
    private final long rootDev;
    private final Rooms rooms = new Rooms();

    Nodes(Mounts mounts, long rootDev) {
        this.mounts = mounts;
        this.rootDev = rootDev;
    }

    /** An inode as a host is told of it. */
    record Entry(NodeRef ref, Attr attr) {}

    /**
     * Names an inode for a host.
     *
     * @param fd O_PATH descriptor, taken over in any case
     */
    Entry enter(Worker worker, Seals seals, HostSession session, int fd) throws SysException {
        Native sys = worker.sys();
        boolean owned = true;
        try {
            Statx stat = Statx.of(sys, fd, 0);
            Mount mount = mounts.of(worker, fd, stat);
            if (mount.refused() != null) {
                return stub(seals, session.host(), stat);
            }
            byte[] identity = identity(worker, mount, fd, stat);
            boolean byHandle = identity[0] == BY_HANDLE;
            if (session.learn(identity)) {
                // from now on the host hears of changes; what it is told must be newer than that
                stat = Statx.of(sys, fd, 0);
            }
            Entry entry =
                    new Entry(
                            seals.seal(session.host(), identity),
                            attr(worker, fd, stat, byHandle && mount.watched()));
            if (byHandle) {
                release(worker, add(worker, entry.ref(), fd));
                owned = false;
            }
            return entry;
        } finally {
            if (owned) {
                sys.closeFd(fd);
            }
        }
    }

    private byte[] identity(Worker worker, Mount mount, int fd, Statx stat) throws SysException {
        if (mount.fd() >= 0) {
            FileHandle handle = FileHandle.of(worker.sys(), fd, 512);
            if (handle != null) {
                return identity(mount.id(), handle.type(), handle.bytes());
            }
        }
        List<Integer> toClose = new ArrayList<>(1);
        byte[] identity = pinned.pin(worker.sys(), mount.id(), stat, fd, toClose);
        toClose.forEach(worker.sys()::closeFd);
        return identity;
    }

    static byte[] identity(long mount, int type, byte[] handle) {
        return ByteBuffer.allocate(13 + handle.length)
                .put((byte) BY_HANDLE)
                .putLong(mount)
                .putInt(type)
                .put(handle)
                .array();
    }

    /**
     * The O_PATH descriptor of an inode; to be given to {@link #release}. The worker is the agent
     * afterwards or who it was.
     *
     * @throws SysException ESTALE when it is gone, EACCES for stubs and broken seals
     */
    OpenNodes.Open hold(Worker worker, Seals seals, NodeId host, NodeRef ref) throws SysException {
        OpenNodes.Open known = open.hold(ref);
        if (!seals.good(host, ref)) {
            release(worker, known);
            throw new SysException(Errno.EACCES);
        }
        if (known != null) {
            return known;
        }
        ByteBuffer in = ByteBuffer.wrap(ref.identity());
        int kind = in.get();
        if (kind == BY_HANDLE) {
            Mount mount = mounts.byId(worker, in.getLong());
            int type = in.getInt();
            byte[] bytes = new byte[in.remaining()];
            in.get(bytes);
            worker.asAgent();
            int fd =
                    new FileHandle(type, bytes)
                            .open(worker.sys(), mount.fd(), 0, Linux.O_PATH | Linux.O_NOFOLLOW);
            return add(worker, ref, fd);
        }
        if (kind == PINNED) {
            return add(worker, ref, pinned.duplicate(worker, ref.identity()));
        }
        throw new SysException(Errno.EACCES);
    }

    static boolean isStub(NodeRef ref) {
        return ref.identity()[0] == STUB;
    }

    void release(Worker worker, OpenNodes.@Nullable Open held) {
        if (held != null && open.release(held)) {
            worker.sys().closeFd(held.fd());
        }
    }

    private OpenNodes.Open add(Worker worker, NodeRef ref, int fd) {
        List<Integer> toClose = new ArrayList<>(1);
        OpenNodes.Open held = open.add(ref, fd, toClose);
        toClose.forEach(worker.sys()::closeFd);
        return held;
    }

    /** Of a descriptor; {@code watched}: whether changes of it are told to us. */
    Attr attr(Worker worker, int fd, boolean watched) throws SysException {
        return attr(worker, fd, Statx.of(worker.sys(), fd, 0), watched);
    }

    /** Whether the inodes that a reference may name are watched. */
    boolean watched(Worker worker, NodeRef ref) throws SysException {
        ByteBuffer in = ByteBuffer.wrap(ref.identity());
        return in.get() == BY_HANDLE && mounts.byId(worker, in.getLong()).watched();
    }

    private Attr attr(Worker worker, int fd, Statx s, boolean watched) {
        Native sys = worker.sys();
        long attributes = sys.call(SysCall.LISTXATTR, worker.pathOf(0, fd), 0, 0);
        boolean none = attributes == 0 || attributes == -Errno.EOPNOTSUPP;
        return new Attr(
                ino(s),
                s.size(),
                s.blocks(),
                s.atime(),
                s.mtime(),
                s.ctime(),
                s.atimeNanos(),
                s.mtimeNanos(),
                s.ctimeNanos(),
                s.mode(),
                s.nlink(),
                s.uid(),
                s.gid(),
                rdev(s),
                s.blockSize(),
                (none ? Attr.NO_XATTR : 0) | (roomy(sys, fd, s) ? Attr.ROOMY : 0),
                watched ? LONG_LEASE_MILLIS : SHORT_LEASE_MILLIS);
    }

    private boolean roomy(Native sys, int fd, Statx s) {
        return Linux.isRegular(s.mode()) && rooms.isRoomy(sys, fd, s.dev());
    }

    /** The guest has one device number for everything, so numbers of other devices are moved. */
    long ino(Statx s) {
        return ino(s.ino(), s.dev());
    }

    long ino(long ino, long dev) {
        if (dev == rootDev) {
            return ino;
        }
        long mixed = dev * 0x9e3779b97f4a7c15L;
        return ino ^ (((mixed >>> 49) | 1) << 48);
    }

    /** new_encode_dev of the kernel. */
    private static int rdev(Statx s) {
        return (s.rdevMinor() & 0xff) | (s.rdevMajor() << 8) | ((s.rdevMinor() & ~0xff) << 12);
    }

    private Entry stub(Seals seals, NodeId host, Statx stat) throws SysException {
        if (!Linux.isDirectory(stat.mode())) {
            throw new SysException(Errno.EACCES);
        }
        byte[] identity =
                ByteBuffer.allocate(17)
                        .put((byte) STUB)
                        .putLong(stat.dev())
                        .putLong(stat.mountId())
                        .array();
        return new Entry(seals.seal(host, identity), stubAttr(identity));
    }

    Attr stubAttr(byte[] identity) {
        long ino = ino(ROOT_OF_STUB, ByteBuffer.wrap(identity, 1, 8).getLong());
        return new Attr(
                ino,
                4096,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                Linux.S_IFDIR | 0555,
                2,
                0,
                0,
                0,
                4096,
                Attr.NO_XATTR | Attr.STUB,
                LONG_LEASE_MILLIS);
    }

    @Override
    public void close() {
        try (Native sys = new Native(0)) {
            open.clear().forEach(sys::closeFd);
            pinned.clear().forEach(sys::closeFd);
        }
    }
}
