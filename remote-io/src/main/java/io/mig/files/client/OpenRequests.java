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
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How files get open: those that are there, new ones, and ones without a name. */
final class OpenRequests {
    private static final Logger LOG = LoggerFactory.getLogger(OpenRequests.class);
    private static final int WANTS_CONTENTS = 1;
    private static final int WANTS_HASH = 2;

    /** As far as was known here when the guest opened it, its name led to it. */
    private static final int NAME_WAS_ITS = 4;

    private static final int DIRECT_IO = 1;
    private static final int KEEP_CACHE = 1 << 1;
    private static final long HEAD_NANOS = 1_000_000_000L;

    private final Guests guests;
    private final HandleTable handles;
    private final NameRequests names;
    private final FileRequests files;
    private final Invalidator invalidator;
    private final OpensAhead ahead;
    private final LazyOpens lazy;
    private final Retries retries;

    OpenRequests(
            Guests guests,
            HandleTable handles,
            NameRequests names,
            FileRequests files,
            Invalidator invalidator,
            OpensAhead ahead,
            LazyOpens lazy,
            Retries retries) {
        this.retries = retries;
        this.guests = guests;
        this.handles = handles;
        this.names = names;
        this.files = files;
        this.invalidator = invalidator;
        this.ahead = ahead;
        this.lazy = lazy;
    }

    void open(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node == null) {
            return;
        }
        int flags = request.body().getInt();
        Optional<String> restored = guests.restores(request);
        if (restored.isPresent() && (flags & Linux.O_TRUNC) == 0) {
            openAhead(request, node, flags, restored.get());
            return;
        }
        Callers.Caller caller = guests.caller(request);
        if ((flags & (Linux.O_ACCMODE | Linux.O_TRUNC | Linux.O_DIRECT)) == Linux.O_RDONLY) {
            if (isKnown(node, caller)) {
                lazy.add(openLazily(request, node, flags, caller));
                return;
            }
            if (guests.onlyLooks(request)) {
                openLazily(request, node, flags, caller);
                return;
            }
        }
        openAtHome(request, node, flags, caller);
    }

    /**
     * Whether home would say nothing new: the same user has had it open, it would have told of any
     * change since, and what the kernel has of its contents is right.
     */
    private boolean isKnown(Node node, Callers.Caller caller) {
        return node.leaseMillis() > 1000
                && !guests.home.away()
                && node.hasPages()
                && !node.awaitsName()
                && node.wasOpenFor(caller);
    }

    private void openAtHome(FuseRequest request, Node node, int flags, Callers.Caller caller) {
        long number = guests.home.handleFor(request.unique(), handles::next);
        boolean reads = (flags & Linux.O_ACCMODE) == Linux.O_RDONLY;
        boolean contents = reads && !node.hasPages();
        long asked = guests.nodes.now();
        long unwritten = node.contents();
        int thread = request.pid();
        boolean second = retries.isSecond(thread, node);
        int named = second || node.isWhereItWas() ? NAME_WAS_ITS : 0;
        long unique = request.unique();
        guests.ask(
                request,
                Op.OPEN,
                96,
                f -> f.ref(node.ref()).u64(number).u32(flags).u8(wants(contents) | named),
                (status, in) -> {
                    if (status == Errno.ESTALE) {
                        retries.stale(thread);
                    }
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
        askFor(
                handle,
                0,
                status -> {
                    if (status == 0) {
                        open.done();
                    } else {
                        open.failed(node, status);
                    }
                });
        answerAtOnce(request, handle, flags(flags, node.hasPages()));
    }

    private void answerAtOnce(FuseRequest request, OpenHandle handle, int openFlags) {
        FuseOut out = guests.fuse.out(FuseReplies.OPEN_BYTES);
        FuseReplies.open(out.body(), handle.number(), openFlags);
        if (!guests.fuse.send(request.unique(), out)) {
            files.letGo(handle.number());
        }
    }

    /**
     * Home opens what the guest believes is open.
     *
     * @param then gets the errno, or 0 when the kernel has nothing of it that is not right
     */
    private void askFor(OpenHandle handle, int also, IntConsumer then) {
        Node node = handle.node();
        long asked = guests.nodes.now();
        long unwritten = node.contents();
        guests.home.submit(
                Op.OPEN,
                handle.opener(),
                96,
                f ->
                        f.ref(node.ref())
                                .u64(handle.number())
                                .u32(handle.flags())
                                .u8(wants(false) | also),
                (status, in) -> {
                    if (status != 0) {
                        handle.isNotOpen();
                        then.accept(status);
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
                        then.accept(0);
                    } else {
                        node.pages(attr);
                        invalidator.forget(node, () -> then.accept(0));
                    }
                });
    }

    /** The kernel's pages stay: nothing new is learned of the contents. */
    private OpenHandle openLazily(
            FuseRequest request, Node node, int flags, Callers.Caller caller) {
        OpenHandle handle =
                OpenHandle.lazy(handles.next(), node, flags, caller, this::openAfterAll);
        handles.add(handle);
        answerAtOnce(request, handle, KEEP_CACHE);
        return handle;
    }

    /** An earlier agent did not ask home for it. */
    void openAfterAll(OpenHandle handle) {
        askFor(
                handle,
                NAME_WAS_ITS,
                status -> {
                    if (status != 0) {
                        LOG.warn(
                                "home does not open what a guest has open: inode={} errno={}",
                                handle.node().ino(),
                                status);
                    }
                });
    }

    private int wants(boolean contents) {
        return (contents ? WANTS_CONTENTS : 0) | (guests.cache == null ? 0 : WANTS_HASH);
    }

    /** Home may say what the contents of a program or library are called. */
    private void named(OpenHandle handle, Attr attr, FrameReader in, long asked, long unwritten)
            throws BadFrameException {
        ContentCache cache = guests.cache;
        if (cache == null || in.remaining() == 0) {
            handle.node().awaitsName(false);
            return;
        }
        byte[] hash = bytes(in, in.u8());
        handle.node().awaitsName(hash.length == 0);
        if (hash.length == 0) {
            return;
        }
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

    private void opened(long unique, OpenHandle handle, Attr attr, long asked) {
        Node node = handle.node();
        boolean forgets = node.hasChanged(attr) || invalidator.hasWordsOf(node);
        node.learned(attr);
        boolean keep = node.pagesAreOf(attr);
        if (!keep) {
            // without KEEP_CACHE the kernel throws its pages away now
            node.pages(attr);
        }
        if (!guests.nodes.undisturbed(node, asked)) {
            node.noPages();
        }
        if ((handle.flags() & Linux.O_ACCMODE) != Linux.O_WRONLY) {
            node.openFor(handle.opener(), asked);
        }
        handles.add(handle);
        if ((handle.flags() & Linux.O_TRUNC) != 0) {
            node.contentsChange();
        }
        Runnable answer = () -> answerOpen(unique, handle, keep);
        if (forgets) {
            // the kernel would go on believing an old size, and whoever maps the file would get
            // SIGBUS behind it
            invalidator.forgetAttributes(node, answer);
        } else {
            answer.run();
        }
    }

    private void answerOpen(long unique, OpenHandle handle, boolean keep) {
        FuseOut out = guests.fuse.out(FuseReplies.OPEN_BYTES);
        FuseReplies.open(out.body(), handle.number(), flags(handle.flags(), keep));
        if (!guests.fuse.send(unique, out)) {
            files.letGo(handle.number());
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
            files.release(number);
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
        long begun = parent.contentsChange();
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
                        parent.contentsChange();
                        failed(unique, status, number);
                        return;
                    }
                    FuseOut out = guests.fuse.out(FuseReplies.ENTRY_BYTES + FuseReplies.OPEN_BYTES);
                    NodeRef ref = in.ref();
                    Attr attr = in.attr();
                    byte[] grant = grant(in);
                    names.nameChanged(parent, begun, asked, in);
                    Node node = names.putEntry(out.body(), parent, name, asked, ref, attr);
                    node.pages(attr);
                    node.written();
                    if (node.contents() == 0) {
                        node.exactly(attr, asked, 0, guests.nodes.names());
                    }
                    handles.add(new OpenHandle(number, node, flags, grant, caller));
                    FuseReplies.open(out.body(), number, flags(flags, false));
                    if (!guests.fuse.send(unique, out)) {
                        guests.nodes.forget(node.id(), 1);
                        files.letGo(number);
                    }
                },
                null,
                false,
                0,
                number);
    }
}
