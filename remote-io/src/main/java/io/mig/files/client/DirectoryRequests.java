package io.mig.files.client;

import io.mig.files.client.DirectoryHandle.Batch;
import io.mig.files.client.DirectoryHandle.Entry;
import io.mig.files.fuse.FuseOut;
import io.mig.files.fuse.FuseRequest;
import io.mig.files.sys.Errno;
import io.mig.files.wire.Attr;
import io.mig.files.wire.Limits;
import io.mig.files.wire.NodeRef;
import io.mig.files.wire.Op;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Opening and listing directories. Home is asked for far more entries than the kernel takes. */
final class DirectoryRequests {
    private static final int KEEP_CACHE = 1 << 1;
    private static final int CACHE_DIRECTORY = 1 << 3;
    private static final int DIRENT = 24;

    private final Guests guests;
    private final HandleTable handles;
    private final NameRequests names;

    DirectoryRequests(Guests guests, HandleTable handles, NameRequests names) {
        this.guests = guests;
        this.handles = handles;
        this.names = names;
    }

    /** Answered here: the first listing shows whether home allows it. */
    void open(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node == null) {
            return;
        }
        int flags = 0;
        if (node.leaseMillis() > 1000) {
            flags = CACHE_DIRECTORY | (node.listing() ? KEEP_CACHE : 0);
        }
        long number = handles.next();
        handles.add(number, new DirectoryHandle(node));
        FuseOut out = guests.fuse.out(FuseReplies.OPEN_BYTES);
        FuseReplies.open(out.body(), number, flags);
        if (!guests.fuse.send(request.unique(), out)) {
            handles.removeDirectory(number);
        }
    }

    void release(FuseRequest request) {
        handles.removeDirectory(request.body().getLong());
        guests.fuse.error(request.unique(), 0);
    }

    void sync(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node != null) {
            guests.ask(
                    request,
                    Op.FSYNC,
                    64,
                    f -> f.u64(0).u8(0).ref(node.ref()),
                    guests.plain(request.unique()));
        }
    }

    void read(FuseRequest request, boolean plus) {
        ByteBuffer in = request.body();
        DirectoryHandle directory = handles.directory(in.getLong());
        long position = in.getLong();
        int size = in.getInt();
        long unique = request.unique();
        if (directory == null) {
            guests.fuse.error(unique, Errno.EBADF);
            return;
        }
        long asked = guests.nodes.now();
        Batch kept = directory.from(position, plus, asked);
        if (kept != null) {
            reply(unique, directory.node(), kept, size);
            return;
        }
        guests.ask(
                request,
                Op.READDIR,
                96,
                f ->
                        f.ref(directory.node().ref())
                                .u64(position)
                                .u8(plus ? 1 : 0)
                                .u32(Math.clamp(4L * size, 4096, Limits.MAX_DIRECTORY)),
                (status, reply) -> {
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                        return;
                    }
                    Batch batch = Batch.from(reply, position, plus, asked);
                    directory.keep(batch);
                    reply(unique, directory.node(), batch, size);
                });
    }

    private void reply(long unique, Node directory, Batch batch, int size) {
        FuseOut out = guests.fuse.out(size);
        ByteBuffer body = out.body();
        int start = body.position();
        List<Node> told = new ArrayList<>();
        for (Entry entry : batch.entries()) {
            int padded = DIRENT + entry.name().length + 7 & ~7;
            int needed = padded + (batch.plus() ? FuseReplies.ENTRY_BYTES : 0);
            if (body.position() - start + needed > size) {
                break;
            }
            NodeRef ref = entry.ref();
            Attr attr = entry.attr();
            if (batch.plus()) {
                if (ref != null && attr != null) {
                    told.add(
                            names.putEntry(
                                    body, directory, entry.name(), batch.askedAt(), ref, attr));
                } else {
                    FuseReplies.noEntry(body, 0);
                }
            }
            int at = body.position();
            body.putLong(entry.ino()).putLong(entry.next());
            body.putInt(entry.name().length).putInt(entry.type()).put(entry.name());
            while (body.position() < at + padded) {
                body.put((byte) 0);
            }
        }
        if (!guests.fuse.send(unique, out)) {
            told.forEach(node -> guests.nodes.forget(node.id(), 1));
        }
    }
}
