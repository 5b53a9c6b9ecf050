package io.mig.files.client;

import io.mig.files.fuse.FuseOut;
import io.mig.files.fuse.FuseRequest;
import io.mig.files.sys.Errno;
import io.mig.files.wire.Attr;
import io.mig.files.wire.Frame;
import io.mig.files.wire.NodeRef;
import io.mig.files.wire.Op;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the kernel asks of names in directories. */
final class NameRequests {
    private final Guests guests;
    private final Anchors anchors;
    private final LazyOpens lazy;

    NameRequests(Guests guests, Anchors anchors, LazyOpens lazy) {
        this.lazy = lazy;
        this.guests = guests;
        this.anchors = anchors;
    }

    void lookup(FuseRequest request) {
        Node parent = guests.node(request, request.node());
        if (parent == null) {
            return;
        }
        byte[] name = request.string();
        if (name.length > 255) {
            guests.fuse.error(request.unique(), Errno.ENAMETOOLONG);
            return;
        }
        long unique = request.unique();
        long asked = guests.nodes.now();
        guests.ask(
                request,
                Op.LOOKUP,
                name.length + 64,
                f -> f.ref(parent.ref()).blob(name),
                (status, in) -> {
                    if (status == Errno.ENOENT) {
                        boolean keep = guests.nodes.undisturbed(parent, asked);
                        FuseOut out = guests.fuse.out(FuseReplies.ENTRY_BYTES);
                        FuseReplies.noEntry(out.body(), keep ? parent.leaseMillis() : 0);
                        guests.fuse.send(unique, out);
                    } else if (status != 0) {
                        guests.fuse.error(unique, status);
                    } else {
                        entry(unique, parent, name, asked, in.ref(), in.attr());
                    }
                });
    }

    private void entry(long unique, Node parent, byte[] name, long asked, NodeRef ref, Attr attr) {
        FuseOut out = guests.fuse.out(FuseReplies.ENTRY_BYTES);
        Node node = putEntry(out.body(), parent, name, asked, ref, attr);
        if (!guests.fuse.send(unique, out)) {
            guests.nodes.forget(node.id(), 1);
        }
    }

    /** Tells the kernel of an inode; what changed meanwhile is told without validity. */
    Node putEntry(
            ByteBuffer out,
            Node parent,
            byte @Nullable [] name,
            long asked,
            NodeRef ref,
            Attr attr) {
        Node node = guests.nodes.enter(ref, attr);
        int nameMillis = guests.nodes.undisturbed(parent, asked) ? parent.leaseMillis() : 0;
        if (name != null) {
            node.named(parent, Node.nameHash(parent, name), asked, lazy.moves());
        }
        String place = name == null ? null : anchors.place(parent, name);
        if (place != null) {
            guests.nodes.place(node, place);
            nameMillis = Anchors.FOR_EVER_MILLIS;
        }
        int attrMillis = guests.nodes.undisturbed(node, asked) ? attr.leaseMillis() : 0;
        FuseReplies.entry(out, node.id(), attr, nameMillis, attrMillis);
        return node;
    }

    private void make(FuseRequest request, Op op, byte[] name, Consumer<Frame> rest, int size) {
        Node parent = guests.node(request, request.node());
        if (parent == null) {
            return;
        }
        if (name.length > 255) {
            guests.fuse.error(request.unique(), Errno.ENAMETOOLONG);
            return;
        }
        long unique = request.unique();
        long asked = guests.nodes.now();
        guests.ask(
                request,
                op,
                name.length + size + 128,
                f -> rest.accept(f.ref(parent.ref()).blob(name)),
                (status, in) -> {
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                    } else {
                        entry(unique, parent, name, asked, in.ref(), in.attr());
                    }
                });
    }

    void makeDirectory(FuseRequest request) {
        int mode = request.body().getInt();
        int umask = request.body().getInt();
        make(request, Op.MKDIR, request.string(), f -> f.u32(mode).u32(umask), 0);
    }

    void makeNode(FuseRequest request) {
        int mode = request.body().getInt();
        int rdev = request.body().getInt();
        int umask = request.body().getInt();
        request.body().getInt();
        make(request, Op.MKNOD, request.string(), f -> f.u32(mode).u32(rdev).u32(umask), 0);
    }

    void symlink(FuseRequest request) {
        byte[] name = request.string();
        byte[] target = request.string();
        make(request, Op.SYMLINK, name, f -> f.blob(target), target.length);
    }

    void link(FuseRequest request) {
        Node existing = guests.node(request, request.body().getLong());
        Node parent = guests.nodes.find(request.node());
        byte[] name = request.string();
        if (existing == null || parent == null) {
            if (existing != null) {
                guests.fuse.error(request.unique(), Errno.ESTALE);
            }
            return;
        }
        long unique = request.unique();
        long asked = guests.nodes.now();
        guests.nodes.namesChange();
        guests.ask(
                request,
                Op.LINK,
                name.length + 160,
                f -> f.ref(existing.ref()).ref(parent.ref()).blob(name),
                (status, in) -> {
                    guests.nodes.namesChange();
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                    } else {
                        entry(unique, parent, name, asked, in.ref(), in.attr());
                    }
                });
    }

    void remove(FuseRequest request, Op op) {
        Node parent = guests.node(request, request.node());
        if (parent != null) {
            byte[] name = request.string();
            lazy.beforeNameGoes(
                    parent,
                    name,
                    () ->
                            guests.ask(
                                    request,
                                    op,
                                    name.length + 64,
                                    f -> f.ref(parent.ref()).blob(name),
                                    namesChanged(request.unique())));
        }
    }

    private Answer namesChanged(long unique) {
        guests.nodes.namesChange();
        return (status, in) -> {
            guests.nodes.namesChange();
            guests.fuse.error(unique, status);
        };
    }

    void rename(FuseRequest request, boolean withFlags) {
        Node from = guests.node(request, request.node());
        if (from == null) {
            return;
        }
        Node to = guests.node(request, request.body().getLong());
        if (to == null) {
            return;
        }
        int flags = withFlags ? request.body().getInt() : 0;
        if (withFlags) {
            request.body().getInt();
        }
        byte[] name = request.string();
        byte[] newName = request.string();
        lazy.nameMoves();
        lazy.beforeNameGoes(
                to,
                newName,
                () ->
                        guests.ask(
                                request,
                                Op.RENAME,
                                name.length + newName.length + 160,
                                f ->
                                        f.ref(from.ref())
                                                .blob(name)
                                                .ref(to.ref())
                                                .blob(newName)
                                                .u32(flags),
                                namesChanged(request.unique())));
    }

    void readLink(FuseRequest request) {
        Node node = guests.node(request, request.node());
        if (node != null) {
            long unique = request.unique();
            guests.ask(
                    request,
                    Op.READLINK,
                    64,
                    f -> f.ref(node.ref()),
                    (status, in) -> {
                        if (status != 0) {
                            guests.fuse.error(unique, status);
                        } else {
                            FuseReplies.data(guests.fuse, unique, in.rest());
                        }
                    });
        }
    }
}
