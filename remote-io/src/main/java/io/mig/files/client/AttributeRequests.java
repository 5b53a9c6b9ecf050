package io.mig.files.client;

import io.mig.files.fuse.FuseOut;
import io.mig.files.fuse.FuseRequest;
import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.wire.Attr;
import io.mig.files.wire.Frame;
import io.mig.files.wire.Limits;
import io.mig.files.wire.Op;
import io.mig.files.wire.SetAttr;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What the kernel asks of inodes that are not open: attributes, extended ones, statfs. */
final class AttributeRequests {
    private static final int FATTR_FH = 1 << 6;

    /** Said with each chown(2); nothing to do where no such bit is set. */
    private static final int FATTR_KILL_SUIDGID = 1 << 11;

    /** What may be changed without waiting for home. */
    private static final int BEHIND =
            FATTR_FH
                    | FATTR_KILL_SUIDGID
                    | SetAttr.MODE
                    | SetAttr.UID
                    | SetAttr.GID
                    | SetAttr.ATIME
                    | SetAttr.MTIME;

    private static final int SET_IDS = 06000;

    /** How long the free space of a file system is believed; CRIU asks for each file. */
    private static final long SPACE_NANOS = 1_000_000_000L;

    private static final int MOST_SPACES = 64;

    /** Answer to statfs. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Space(long nanos, long[] counts, int blockSize, int longestName, int fragment) {}

    private final Map<Integer, Space> spaces = new ConcurrentHashMap<>();
    private final Guests guests;
    private final HandleTable handles;

    AttributeRequests(Guests guests, HandleTable handles) {
        this.guests = guests;
        this.handles = handles;
    }

    void get(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node == null) {
            return;
        }
        long unique = request.unique();
        Attr known = guests.home.away() ? null : node.exactly(guests.nodes.names());
        if (known != null) {
            FuseOut out = guests.fuse.out(FuseReplies.ATTR_BYTES);
            FuseReplies.attrOut(out.body(), known, known.leaseMillis());
            guests.fuse.send(unique, out);
            return;
        }
        long asked = guests.nodes.now();
        long contents = node.contents();
        long moved = guests.nodes.names();
        guests.ask(
                request,
                Op.GETATTR,
                64,
                f -> f.ref(node.ref()),
                (status, in) -> {
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                    } else {
                        Attr attr = in.attr();
                        describe(node, attr, asked, contents, moved);
                        attr(unique, node, asked, attr);
                    }
                });
    }

    private static void describe(Node node, Attr attr, long asked, long contents, long names) {
        if (Linux.isRegular(attr.mode()) || Linux.isDirectory(attr.mode())) {
            node.exactly(attr, asked, contents, names);
        }
    }

    private void attr(long unique, Node node, long asked, Attr attr) {
        node.learned(attr);
        boolean keep = guests.nodes.undisturbed(node, asked);
        FuseOut out = guests.fuse.out(FuseReplies.ATTR_BYTES);
        FuseReplies.attrOut(out.body(), attr, keep ? attr.leaseMillis() : 0);
        guests.fuse.send(unique, out);
    }

    /** fuse_setattr_in. */
    void set(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node == null) {
            return;
        }
        ByteBuffer in = request.body();
        int base = in.position();
        int valid = in.getInt(base);
        OpenHandle handle = (valid & FATTR_FH) != 0 ? handles.find(in.getLong(base + 8)) : null;
        SetAttr wanted =
                new SetAttr(
                        valid,
                        in.getInt(base + 68),
                        in.getInt(base + 76),
                        in.getInt(base + 80),
                        in.getLong(base + 16),
                        in.getLong(base + 32),
                        in.getInt(base + 56),
                        in.getLong(base + 40),
                        in.getInt(base + 60));
        long asked = guests.nodes.now();
        long unique = request.unique();
        if (setBehind(request, node, wanted, asked)) {
            return;
        }
        long contents = node.contentsChange();
        long names = guests.nodes.names();
        node.notOpenForAnybody();
        guests.ask(
                request,
                Op.SETATTR,
                160,
                f -> put(f, node, handle == null ? 0 : handle.number(), wanted),
                (status, reply) -> {
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                        return;
                    }
                    Attr attr = reply.attr();
                    if (node.hasPages() && guests.nodes.undisturbed(node, asked)) {
                        // the kernel cut its own pages
                        node.pages(attr);
                    }
                    describe(node, attr, asked, contents, names);
                    attr(unique, node, asked, attr);
                },
                handle,
                true);
    }

    /**
     * Answers at once where home can only agree: a file that guests write here, changed by whom it
     * belongs to.
     */
    private boolean setBehind(FuseRequest request, Node node, SetAttr wanted, long asked) {
        long names = guests.nodes.names();
        Attr before = node.isWritten() && !guests.home.away() ? node.expected(names) : null;
        Callers.Caller caller = guests.caller(request);
        if (before == null || !mayForSure(caller, before, wanted)) {
            return false;
        }
        long contents = node.contentsChange();
        boolean kept =
                guests.home
                        .behind()
                        .add(
                                Op.SETATTR,
                                caller,
                                node,
                                null,
                                put(new Frame(160), node, 0, wanted),
                                ByteBuffer.allocate(0),
                                (status, reply) -> {
                                    if (status != 0) {
                                        return;
                                    }
                                    Attr attr = reply.attr();
                                    if (node.hasPages() && guests.nodes.undisturbed(node, asked)) {
                                        node.pages(attr);
                                    }
                                    node.learned(attr);
                                    node.exactly(attr, asked, contents, names);
                                });
        if (!kept) {
            return false;
        }
        node.notOpenForAnybody();
        Attr after = before.with(wanted);
        node.expect(after, asked);
        FuseOut out = guests.fuse.out(FuseReplies.ATTR_BYTES);
        // what home makes of the time of the change is not known: whoever asks, asks home
        FuseReplies.attrOut(out.body(), after, 0);
        guests.fuse.send(request.unique(), out);
        return true;
    }

    private static Frame put(Frame to, Node node, long handle, SetAttr wanted) {
        to.ref(node.ref()).u64(handle);
        wanted.putTo(to);
        return to;
    }

    /** Source: chmod(2), chown(2), utimensat(2). */
    private static boolean mayForSure(Callers.Caller caller, Attr attr, SetAttr wanted) {
        boolean root = caller.uid() == 0;
        boolean owner = root || caller.uid() == attr.uid();
        boolean gives =
                (wanted.has(SetAttr.UID) && wanted.uid() != attr.uid())
                        || (wanted.has(SetAttr.GID) && wanted.gid() != attr.gid());
        boolean special =
                (attr.mode() & SET_IDS) != 0
                        || (wanted.has(SetAttr.MODE) && (wanted.mode() & SET_IDS) != 0);
        return owner
                && Linux.isRegular(attr.mode())
                && (wanted.valid() & ~BEHIND) == 0
                && !special
                && (root || !gives);
    }

    void fileSystem(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node == null) {
            return;
        }
        long unique = request.unique();
        Node of = node.has(Attr.STUB) ? guests.nodes.find(NodeTable.ROOT) : node;
        if (of == null) {
            guests.fuse.error(unique, Errno.ESTALE);
            return;
        }
        Space known = spaces.get(of.fileSystem());
        if (known != null && System.nanoTime() - known.nanos() < SPACE_NANOS) {
            reply(unique, known);
            return;
        }
        guests.ask(
                request,
                Op.STATFS,
                64,
                f -> f.ref(of.ref()),
                (status, in) -> {
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                        return;
                    }
                    long[] counts = new long[5];
                    for (int i = 0; i < counts.length; i++) {
                        counts[i] = in.u64();
                    }
                    Space space =
                            new Space(System.nanoTime(), counts, in.u32(), in.u32(), in.u32());
                    if (spaces.size() >= MOST_SPACES) {
                        spaces.clear();
                    }
                    spaces.put(of.fileSystem(), space);
                    reply(unique, space);
                });
    }

    private void reply(long unique, Space space) {
        FuseOut out = guests.fuse.out(80);
        for (long count : space.counts()) {
            out.body().putLong(count);
        }
        out.body().putInt(space.blockSize()).putInt(space.longestName()).putInt(space.fragment());
        for (int unused = 0; unused < 7; unused++) {
            out.body().putInt(0);
        }
        guests.fuse.send(unique, out);
    }

    void getExtended(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node == null) {
            return;
        }
        int size = request.body().getInt();
        request.body().getInt();
        byte[] name = request.string();
        long unique = request.unique();
        if (node.has(Attr.NO_XATTR)) {
            guests.fuse.error(unique, Errno.ENODATA);
            return;
        }
        guests.ask(
                request,
                Op.GETXATTR,
                name.length + 64,
                f -> f.ref(node.ref()).blob(name),
                (status, in) -> extended(unique, size, status, in.rest()));
    }

    void listExtended(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node == null) {
            return;
        }
        int size = request.body().getInt();
        long unique = request.unique();
        if (node.has(Attr.NO_XATTR)) {
            extended(unique, size, 0, ByteBuffer.allocate(0));
            return;
        }
        guests.ask(
                request,
                Op.LISTXATTR,
                64,
                f -> f.ref(node.ref()),
                (status, in) -> extended(unique, size, status, in.rest()));
    }

    /** With size 0 the caller asks how much there is. */
    private void extended(long unique, int size, int status, ByteBuffer value) {
        if (status != 0) {
            guests.fuse.error(unique, status);
        } else if (size == 0) {
            FuseOut out = guests.fuse.out(8);
            out.body().putInt(value.remaining()).putInt(0);
            guests.fuse.send(unique, out);
        } else if (value.remaining() > size) {
            guests.fuse.error(unique, Errno.ERANGE);
        } else {
            FuseReplies.data(guests.fuse, unique, value);
        }
    }

    void setExtended(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node == null) {
            return;
        }
        int size = request.body().getInt();
        int flags = request.body().getInt();
        byte[] name = request.string();
        ByteBuffer value = request.body();
        if (value.remaining() != size || size > Limits.MAX_XATTR + 1) {
            guests.fuse.error(request.unique(), Errno.EINVAL);
            return;
        }
        extendedChange(node);
        guests.ask(
                request,
                Op.SETXATTR,
                name.length + size + 64,
                f -> f.ref(node.ref()).blob(name).u32(flags).rest(value),
                changed(request.unique(), node));
    }

    void removeExtended(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node != null) {
            byte[] name = request.string();
            extendedChange(node);
            guests.ask(
                    request,
                    Op.REMOVEXATTR,
                    name.length + 64,
                    f -> f.ref(node.ref()).blob(name),
                    changed(request.unique(), node));
        }
    }

    private Answer changed(long unique, Node node) {
        return (status, in) -> {
            // an answer to an older question may have said otherwise meanwhile
            extendedChange(node);
            guests.fuse.error(unique, status);
        };
    }

    /** A list of rights changes the mode with it. */
    private static void extendedChange(Node node) {
        node.mayHaveXattrs();
        node.notOpenForAnybody();
        node.contentsChange();
    }
}
