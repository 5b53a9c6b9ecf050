package io.mig.files.client;

import io.mig.files.fuse.FuseOut;
import io.mig.files.fuse.FuseRequest;
import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.wire.Attr;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Frame;
import io.mig.files.wire.FrameReader;
import io.mig.files.wire.Limits;
import io.mig.files.wire.Op;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the kernel asks of open files: reading, writing, letting go. */
final class FileRequests {
    private static final Logger LOG = LoggerFactory.getLogger(FileRequests.class);
    private static final int WRITE_CACHE = 1;
    private static final Callers.Caller NOBODY = new Callers.Caller(0, 0);

    /** Any file system takes files of this size. */
    private static final long MOST_BEHIND = 2L << 30;

    private final Guests guests;
    private final HandleTable handles;

    FileRequests(Guests guests, HandleTable handles) {
        this.guests = guests;
        this.handles = handles;
    }

    void read(FuseRequest request) {
        ByteBuffer in = request.body();
        OpenHandle handle = handle(request, in.getLong());
        if (handle == null) {
            return;
        }
        long offset = in.getLong();
        int size = in.getInt();
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
        int trouble = node.takeTrouble();
        if (trouble != 0) {
            guests.fuse.error(unique, trouble);
            return;
        }
        if (!fromCache && writeBehind(request, handle, offset, in)) {
            return;
        }
        int pid = fromCache ? 0 : request.pid();
        int uid = fromCache ? handle.opener().uid() : request.uid();
        long asked = guests.nodes.now();
        long contents = node.contentsChange();
        long names = guests.nodes.names();
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
                    boolean alone = node.contents() == contents;
                    long now = node.contentsChange();
                    node.exactly(after, asked, alone ? now : -1, names);
                    node.written();
                    guests.counters.bytes(pid, uid, 0, written);
                    answerWrite(unique, written);
                },
                handle,
                (handle.flags() & Linux.O_APPEND) == 0);
    }

    private void answerWrite(long unique, int written) {
        FuseOut out = guests.fuse.out(8);
        out.body().putInt(written).putInt(0);
        guests.fuse.send(unique, out);
    }

    /**
     * Answers at once and has home write it soon, where nobody could tell the difference: home
     * tells of changes, there is room, and where it goes does not depend on anybody else.
     */
    private boolean writeBehind(
            FuseRequest request, OpenHandle handle, long offset, ByteBuffer data) {
        Node node = handle.node();
        int size = data.remaining();
        if ((handle.flags() & (Linux.O_APPEND | Linux.O_DIRECT | Linux.O_DSYNC)) != 0
                || node.leaseMillis() <= 1000
                || !node.has(Attr.ROOMY)
                || offset > MOST_BEHIND - size
                || guests.home.away()
                || !handle.isOpen()) {
            return false;
        }
        long names = guests.nodes.names();
        long asked = guests.nodes.now();
        Attr before = node.expected(names);
        long contents = node.contentsChange();
        boolean kept =
                guests.home
                        .behind()
                        .add(
                                Op.WRITE,
                                handle.opener(),
                                node,
                                handle,
                                new Frame(16).u64(handle.number()).u64(offset),
                                data,
                                (status, reply) -> {
                                    if (status == 0) {
                                        writtenBehind(node, size, asked, contents, names, reply);
                                    } else {
                                        node.noPages();
                                    }
                                });
        if (!kept) {
            return false;
        }
        node.expect(before == null ? null : before.atLeast(offset + size), asked);
        guests.counters.bytes(request.pid(), request.uid(), 0, size);
        answerWrite(request.unique(), size);
        return true;
    }

    private static void writtenBehind(
            Node node, int size, long asked, long contents, long names, FrameReader reply)
            throws BadFrameException {
        int written = reply.count(size);
        Attr before = reply.attr();
        Attr after = reply.attr();
        if (written < size) {
            node.failed(Errno.ENOSPC);
        }
        node.changedHere(before, after);
        if (node.pagesAreOf(before)) {
            node.pages(after);
        } else {
            node.noPages();
        }
        node.room(after);
        node.written();
        node.exactly(after, asked, contents, names);
    }

    void release(FuseRequest request) {
        letGo(request.body().getLong());
        guests.fuse.error(request.unique(), 0);
    }

    /** The kernel does not need it any more. */
    void letGo(long number) {
        OpenHandle handle = handles.find(number);
        if (handle == null || releaseBehind(handle)) {
            return;
        }
        handles.remove(number);
        handle.letGo();
        if (!handle.abandon() && !handle.waits(() -> release(number))) {
            release(number);
        }
    }

    /**
     * What was written through it goes first, and nobody hears of the end of who had it locked
     * before the lock is free. False when there is neither.
     */
    private boolean releaseBehind(OpenHandle handle) {
        WriteBehind behind = guests.home.behind();
        Node node = handle.node();
        long last = node.behind();
        boolean locked = handle.hasLocks();
        if (!locked && last <= behind.done()) {
            return false;
        }
        long number = handle.number();
        if (locked) {
            node.releasing();
        }
        boolean kept =
                behind.add(
                        Op.RELEASE,
                        NOBODY,
                        node,
                        handle,
                        new Frame(8).u64(number),
                        ByteBuffer.allocate(0),
                        (status, in) -> released(handle, locked));
        if (!kept) {
            behind.whenDone(last, () -> release(number, (status, in) -> released(handle, locked)));
        } else if (locked) {
            behind.send();
        }
        return true;
    }

    private void released(OpenHandle handle, boolean locked) {
        handles.remove(handle.number());
        handle.letGo();
        if (locked) {
            handle.node().released();
        }
    }

    /** Home need not keep it open. */
    void release(long number) {
        release(number, (status, in) -> {});
    }

    private void release(long number, Answer answer) {
        guests.home.submit(Op.RELEASE, NOBODY, 16, f -> f.u64(number), answer);
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
                    (status, in) -> {
                        int trouble = handle.node().takeTrouble();
                        guests.fuse.error(request.unique(), status != 0 ? status : trouble);
                    },
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
        Runnable copy = () -> copy(request, from, fromOffset, to, toOffset, length, flags);
        if (!from.waits(copy)) {
            copy.run();
        }
    }

    private void copy(
            FuseRequest request,
            OpenHandle from,
            long fromOffset,
            OpenHandle to,
            long toOffset,
            long length,
            int flags) {
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
