package io.mig.files.client;

import io.mig.files.fuse.FuseOut;
import io.mig.files.fuse.FuseRequest;
import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.wire.Attr;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.FrameReader;
import io.mig.files.wire.Limits;
import io.mig.files.wire.NodeRef;
import io.mig.files.wire.Op;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the kernel asks of files: opening, reading, writing, letting go. */
final class FileRequests {
    private static final Logger LOG = LoggerFactory.getLogger(FileRequests.class);
    private static final int WANTS_CONTENTS = 1;
    private static final int WANTS_HASH = 2;
    private static final int DIRECT_IO = 1;
    private static final int KEEP_CACHE = 1 << 1;
    private static final int WRITE_CACHE = 1;

    /**
     * How long word of a change takes at most, usually. Word that comes while the kernel asks for
     * attributes makes it throw the answer away and go on with the old size; who maps the file then
     * gets SIGBUS behind it.
     */
    private static final long WORD_MILLIS = 10;

    private static final long HEAD_NANOS = 1_000_000_000L;

    private final Guests guests;
    private final HandleTable handles;
    private final NameRequests names;
    private final Invalidator invalidator;
    private final OpensAhead ahead;

    FileRequests(
            Guests guests,
            HandleTable handles,
            NameRequests names,
            Invalidator invalidator,
            OpensAhead ahead) {
        this.invalidator = invalidator;
        this.ahead = ahead;
        this.guests = guests;
        this.handles = handles;
        this.names = names;
    }

    void open(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node == null) {
            return;
        }
        int flags = request.body().getInt();
        if ((flags & (Linux.O_ACCMODE | Linux.O_TRUNC)) == Linux.O_RDONLY
                && guests.onlyLooks(request)) {
            lookAt(request, node, flags);
            return;
        }
        Optional<String> restored = guests.restores(request);
        if (restored.isPresent() && (flags & Linux.O_TRUNC) == 0) {
            openAhead(request, node, flags, restored.get());
            return;
        }
        long number = guests.home.handleFor(request.unique(), handles::next);
        boolean reads = (flags & Linux.O_ACCMODE) == Linux.O_RDONLY;
        boolean contents = reads && !node.hasPages();
        long asked = guests.nodes.now();
        long unwritten = node.contents();
        long unique = request.unique();
        Callers.Caller caller = guests.caller(request);
        guests.ask(
                request,
                Op.OPEN,
                96,
                f -> f.ref(node.ref()).u64(number).u32(flags).u8(wants(contents)),
                (status, in) -> {
                    if (status != 0) {
                        failed(unique, status, number);
                        return;
                    }
                    Attr attr = in.attr();
                    OpenHandle handle = new OpenHandle(number, node, flags, grant(in), caller);
                    byte[] head = bytes(in, in.count(Limits.MAX_DATA));
                    named(handle, attr, in, asked, unwritten);
                    if (head.length > 0 && head.length == attr.size()) {
                        handle.head(head, asked, unwritten, System.nanoTime() + HEAD_NANOS);
                    }
                    opened(unique, handle, attr, asked);
                },
                null,
                (flags & Linux.O_TRUNC) == 0,
                0,
                number);
    }

    /**
     * Answers at once and opens it meanwhile. What the kernel keeps of its contents is forgotten
     * again, before anybody can have read it, should it not be what home describes.
     */
    private void openAhead(FuseRequest request, Node node, int flags, String whose) {
        OpenHandle handle = OpenHandle.ahead(handles.next(), node, flags, guests.caller(request));
        handles.add(handle);
        OpensAhead.Open open = ahead.begin(whose);
        long asked = guests.nodes.now();
        long unwritten = node.contents();
        guests.home.submit(
                Op.OPEN,
                handle.opener(),
                96,
                f -> f.ref(node.ref()).u64(handle.number()).u32(flags).u8(wants(false)),
                (status, in) -> {
                    if (status != 0) {
                        handle.isNotOpen();
                        open.failed(node, status);
                        return;
                    }
                    Attr attr = in.attr();
                    byte[] grant = grant(in);
                    in.count(0);
                    named(handle, attr, in, asked, unwritten);
                    handle.isOpen(grant);
                    handles.granted(handle);
                    node.learned(attr);
                    if (node.isAsKnown(attr)) {
                        open.done();
                    } else {
                        node.pages(attr);
                        invalidator.forget(node, open::done);
                    }
                });
        FuseOut out = guests.fuse.out(FuseReplies.OPEN_BYTES);
        FuseReplies.open(out.body(), handle.number(), flags(flags, node.hasPages()));
        if (!guests.fuse.send(request.unique(), out)) {
            letGo(handle.number());
        }
    }

    private int wants(boolean contents) {
        return (contents ? WANTS_CONTENTS : 0) | (guests.cache == null ? 0 : WANTS_HASH);
    }

    /** Home may say what the contents of a program or library are called. */
    private void named(OpenHandle handle, Attr attr, FrameReader in, long asked, long unwritten)
            throws BadFrameException {
        ContentCache cache = guests.cache;
        if (cache == null || in.remaining() == 0) {
            return;
        }
        byte[] hash = bytes(in, in.u8());
        Optional<ContentCache.Kept> kept = cache.find(hash);
        if (kept.isPresent()) {
            handle.kept(kept.get(), asked, unwritten);
        } else {
            Fetch.begin(
                    guests.home,
                    cache,
                    handle.node(),
                    hash,
                    attr.size(),
                    handles.next(),
                    handle.opener());
        }
    }

    /** The kernel's pages stay: nothing new is learned of the contents. */
    private void lookAt(FuseRequest request, Node node, int flags) {
        OpenHandle handle =
                OpenHandle.lookedAt(handles.next(), node, flags, guests.caller(request));
        handles.add(handle);
        FuseOut out = guests.fuse.out(FuseReplies.OPEN_BYTES);
        FuseReplies.open(out.body(), handle.number(), KEEP_CACHE);
        if (!guests.fuse.send(request.unique(), out)) {
            letGo(handle.number());
        }
    }

    /** It is read after all, so home has to open it. */
    private void openAndRead(FuseRequest request, OpenHandle handle, long offset, int size) {
        OpenHandle known = handle.real();
        if (known != null) {
            read(request, known, offset, size);
            return;
        }
        long number = handles.next();
        guests.ask(
                request,
                Op.OPEN,
                96,
                f -> f.ref(handle.node().ref()).u64(number).u32(handle.flags()).u8(0),
                (status, in) -> {
                    if (status != 0) {
                        failed(request.unique(), status, number);
                        return;
                    }
                    in.attr();
                    OpenHandle real =
                            new OpenHandle(
                                    number,
                                    handle.node(),
                                    handle.flags(),
                                    grant(in),
                                    handle.opener());
                    if (!handle.real(real)) {
                        release(number);
                    }
                    OpenHandle used = handle.real();
                    read(request, used == null ? real : used, offset, size);
                },
                null,
                true);
    }

    private void opened(long unique, OpenHandle handle, Attr attr, long asked) {
        Node node = handle.node();
        boolean wordIsComing = node.hasChanged(attr) && attr.leaseMillis() > 1000;
        node.learned(attr);
        if (!node.isAsKnown(attr)) {
            // the kernel would go on believing an old size: word of the change may still be on
            // its way. Attributes alone are forgotten without waiting for anything
            guests.fuse.invalidateInode(node.id(), false);
        }
        boolean keep = node.pagesAreOf(attr);
        if (!keep) {
            // without KEEP_CACHE the kernel throws its pages away now
            node.pages(attr);
        }
        if (!guests.nodes.undisturbed(node, asked)) {
            node.noPages();
        }
        handles.add(handle);
        if ((handle.flags() & Linux.O_TRUNC) != 0) {
            node.contentsChange();
        }
        Runnable answer = () -> answerOpen(unique, handle, keep);
        if (wordIsComing) {
            guests.home.later(WORD_MILLIS, answer);
        } else {
            answer.run();
        }
    }

    private void answerOpen(long unique, OpenHandle handle, boolean keep) {
        FuseOut out = guests.fuse.out(FuseReplies.OPEN_BYTES);
        FuseReplies.open(out.body(), handle.number(), flags(handle.flags(), keep));
        if (!guests.fuse.send(unique, out)) {
            letGo(handle.number());
        }
    }

    /**
     * Appending goes past the page cache: where the bytes land is decided at home, so the pages
     * here would be wrong.
     */
    private static int flags(int open, boolean keep) {
        return ((open & Linux.O_APPEND) != 0 ? DIRECT_IO : 0) | (keep ? KEEP_CACHE : 0);
    }

    /** Whoever was interrupted may have opened it all the same. */
    private void failed(long unique, int status, long number) {
        guests.fuse.error(unique, status);
        if (status == Errno.EINTR || status == Errno.EIO) {
            release(number);
        }
    }

    private static byte[] grant(FrameReader in) throws BadFrameException {
        return bytes(in, NodeRef.SEAL_BYTES);
    }

    private static byte[] bytes(FrameReader in, int count) throws BadFrameException {
        byte[] bytes = new byte[count];
        in.bytes(bytes);
        return bytes;
    }

    void create(FuseRequest request) {
        ByteBuffer in = request.body();
        int flags = in.getInt();
        int mode = in.getInt();
        int umask = in.getInt();
        in.getInt();
        make(request, Op.CREATE, request.string(), flags, mode, umask);
    }

    void temporary(FuseRequest request) {
        ByteBuffer in = request.body();
        int flags = in.getInt();
        int mode = in.getInt();
        int umask = in.getInt();
        make(request, Op.TMPFILE, null, flags, mode, umask);
    }

    private void make(
            FuseRequest request, Op op, byte @Nullable [] name, int flags, int mode, int umask) {
        Node parent = guests.node(request, request.node());
        if (parent == null) {
            return;
        }
        if (name != null && name.length > 255) {
            guests.fuse.error(request.unique(), Errno.ENAMETOOLONG);
            return;
        }
        long number = guests.home.handleFor(request.unique(), handles::next);
        long asked = guests.nodes.now();
        long unique = request.unique();
        Callers.Caller caller = guests.caller(request);
        guests.ask(
                request,
                op,
                400,
                f -> {
                    f.ref(parent.ref());
                    if (name != null) {
                        f.blob(name);
                    }
                    f.u64(number).u32(flags).u32(mode).u32(umask);
                },
                (status, in) -> {
                    if (status != 0) {
                        failed(unique, status, number);
                        return;
                    }
                    FuseOut out = guests.fuse.out(FuseReplies.ENTRY_BYTES + FuseReplies.OPEN_BYTES);
                    NodeRef ref = in.ref();
                    Attr attr = in.attr();
                    byte[] grant = grant(in);
                    Node node = names.putEntry(out.body(), parent, name, asked, ref, attr);
                    node.pages(attr);
                    handles.add(new OpenHandle(number, node, flags, grant, caller));
                    FuseReplies.open(out.body(), number, flags(flags, false));
                    if (!guests.fuse.send(unique, out)) {
                        guests.nodes.forget(node.id(), 1);
                        letGo(number);
                    }
                },
                null,
                false,
                0,
                number);
    }

    void read(FuseRequest request) {
        ByteBuffer in = request.body();
        OpenHandle handle = handle(request, in.getLong());
        if (handle == null) {
            return;
        }
        long offset = in.getLong();
        int size = in.getInt();
        if (handle.isLookedAt()) {
            openAndRead(request, handle, offset, size);
        } else {
            read(request, handle, offset, size);
        }
    }

    private void read(FuseRequest request, OpenHandle handle, long offset, int size) {
        long unique = request.unique();
        byte[] head = handle.head(guests.nodes, System.nanoTime());
        if (head != null) {
            int from = (int) Math.min(offset, head.length);
            int count = Math.min(size, head.length - from);
            FuseReplies.data(guests.fuse, unique, ByteBuffer.wrap(head, from, count));
            guests.counters.bytes(request.pid(), request.uid(), count, 0);
            return;
        }
        if (fromCache(request, handle, offset, size)) {
            return;
        }
        int pid = request.pid();
        int uid = request.uid();
        guests.ask(
                request,
                Op.READ,
                32,
                f -> f.u64(handle.number()).u64(offset).u32(Math.min(size, Limits.MAX_DATA)),
                (status, reply) -> {
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                        return;
                    }
                    ByteBuffer data = reply.rest();
                    if (data.remaining() > size) {
                        throw new BadFrameException("read bytes=" + data.remaining());
                    }
                    guests.counters.bytes(pid, uid, data.remaining(), 0);
                    FuseReplies.data(guests.fuse, unique, data);
                },
                handle,
                true,
                size);
    }

    private boolean fromCache(FuseRequest request, OpenHandle handle, long offset, int size) {
        ContentCache.Kept kept = handle.kept(guests.nodes);
        if (kept == null) {
            return false;
        }
        int count = (int) Math.max(0, Math.min(size, kept.size() - offset));
        FuseOut out = guests.fuse.out(count);
        try {
            ByteBuffer body = out.body();
            int end = body.limit();
            kept.read(body.limit(body.position() + count), offset);
            body.limit(end);
        } catch (IOException e) {
            LOG.warn("cached contents cannot be read, home is asked: {}", e.getMessage());
            guests.fuse.drop(out);
            handle.letGo();
            return false;
        }
        guests.fuse.send(request.unique(), out);
        return true;
    }

    /** fuse_write_in. */
    void write(FuseRequest request) {
        ByteBuffer in = request.body();
        int base = in.position();
        OpenHandle handle = handle(request, in.getLong());
        if (handle == null) {
            return;
        }
        long offset = in.getLong();
        int size = in.getInt();
        boolean fromCache = (in.getInt() & WRITE_CACHE) != 0;
        in.position(base + 40);
        if (in.remaining() != size) {
            guests.fuse.error(request.unique(), Errno.EIO);
            return;
        }
        Node node = handle.node();
        long unique = request.unique();
        int pid = fromCache ? 0 : request.pid();
        int uid = fromCache ? handle.opener().uid() : request.uid();
        node.contentsChange();
        guests.ask(
                request,
                Op.WRITE,
                size + 32,
                f -> f.u64(handle.number()).u64(offset).rest(in),
                (status, reply) -> {
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                        return;
                    }
                    int written = reply.count(size);
                    Attr before = reply.attr();
                    Attr after = reply.attr();
                    node.changedHere(before, after);
                    if (node.pagesAreOf(before)) {
                        node.pages(after);
                    } else {
                        node.noPages();
                    }
                    node.contentsChange();
                    guests.counters.bytes(pid, uid, 0, written);
                    FuseOut out = guests.fuse.out(8);
                    out.body().putInt(written).putInt(0);
                    guests.fuse.send(unique, out);
                },
                handle,
                (handle.flags() & Linux.O_APPEND) == 0);
    }

    void release(FuseRequest request) {
        letGo(request.body().getLong());
        guests.fuse.error(request.unique(), 0);
    }

    private void letGo(long number) {
        OpenHandle handle = handles.remove(number);
        if (handle == null) {
            return;
        }
        handle.letGo();
        if (handle.isLookedAt()) {
            OpenHandle real = handle.real();
            if (real != null) {
                release(real.number());
            }
            return;
        }
        if (handle.hasLocks()) {
            Node node = handle.node();
            node.releasing();
            release(number, (status, in) -> node.released());
        } else if (!handle.waits(() -> release(number))) {
            release(number);
        }
    }

    private void release(long number) {
        release(number, (status, in) -> {});
    }

    private void release(long number, Answer answer) {
        guests.home.submit(Op.RELEASE, new Callers.Caller(0, 0), 16, f -> f.u64(number), answer);
    }

    void sync(FuseRequest request) {
        OpenHandle handle = handle(request, request.body().getLong());
        if (handle != null) {
            boolean dataOnly = (request.body().getInt() & 1) != 0;
            guests.ask(
                    request,
                    Op.FSYNC,
                    32,
                    f -> f.u64(handle.number()).u8(dataOnly ? 1 : 0),
                    guests.plain(request.unique()),
                    handle,
                    true);
        }
    }

    void allocate(FuseRequest request) {
        ByteBuffer in = request.body();
        OpenHandle handle = handle(request, in.getLong());
        if (handle == null) {
            return;
        }
        long offset = in.getLong();
        long length = in.getLong();
        int mode = in.getInt();
        Node node = handle.node();
        node.contentsChange();
        long unique = request.unique();
        guests.ask(
                request,
                Op.FALLOCATE,
                48,
                f -> f.u64(handle.number()).u64(offset).u64(length).u32(mode),
                (status, reply) -> {
                    node.noPages();
                    node.contentsChange();
                    guests.fuse.error(unique, status);
                },
                handle,
                false);
    }

    void seek(FuseRequest request) {
        ByteBuffer in = request.body();
        OpenHandle handle = handle(request, in.getLong());
        if (handle == null) {
            return;
        }
        long offset = in.getLong();
        int whence = in.getInt();
        long unique = request.unique();
        guests.ask(
                request,
                Op.LSEEK,
                32,
                f -> f.u64(handle.number()).u64(offset).u32(whence),
                (status, reply) -> {
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                        return;
                    }
                    FuseOut out = guests.fuse.out(8);
                    out.body().putLong(reply.u64());
                    guests.fuse.send(unique, out);
                },
                handle,
                true);
    }

    /** fuse_copy_file_range_in: both files are at home, and so is the copying. */
    void copy(FuseRequest request) {
        ByteBuffer in = request.body();
        OpenHandle from = handle(request, in.getLong());
        if (from == null) {
            return;
        }
        long fromOffset = in.getLong();
        in.getLong();
        OpenHandle to = handle(request, in.getLong());
        if (to == null) {
            return;
        }
        long toOffset = in.getLong();
        long length = in.getLong();
        int flags = (int) in.getLong();
        to.node().contentsChange();
        long unique = request.unique();
        guests.ask(
                request,
                Op.COPY,
                64,
                f ->
                        f.u64(from.number())
                                .u64(fromOffset)
                                .u64(to.number())
                                .u64(toOffset)
                                .u64(length)
                                .u32(flags),
                (status, reply) -> {
                    to.node().noPages();
                    to.node().contentsChange();
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                        return;
                    }
                    FuseOut out = guests.fuse.out(8);
                    out.body().putInt((int) reply.u64()).putInt(0);
                    guests.fuse.send(unique, out);
                },
                to,
                false);
    }

    private @Nullable OpenHandle handle(FuseRequest request, long number) {
        OpenHandle handle = handles.find(number);
        if (handle == null) {
            guests.fuse.error(request.unique(), Errno.EBADF);
        }
        return handle;
    }
}
