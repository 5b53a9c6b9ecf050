package io.mig.files.client;

import io.mig.files.fuse.FuseOut;
import io.mig.files.fuse.FuseRequest;
import io.mig.files.sys.Errno;
import io.mig.files.wire.Attr;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Frame;
import io.mig.files.wire.FrameReader;
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
    private final Retries retries;

    NameRequests(Guests guests, Anchors anchors, LazyOpens lazy, Retries retries) {
        this.retries = retries;
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
        lookUp(request, parent, name, false);
    }

    /**
     * @param last after home has done all that guests believe is done
     */
    private void lookUp(FuseRequest request, Node parent, byte[] name, boolean last) {
        long unique = request.unique();
        long asked = guests.nodes.now();
        long done = last ? Long.MAX_VALUE : guests.home.behind().done();
        Answer answer =
                (status, in) -> {
                    if (status != 0) {
                        notFound(unique, status, parent, asked);
                        return;
                    }
                    NodeRef ref = in.ref();
                    Node known = guests.nodes.find(ref);
                    if (known != null && known.behind() > done) {
                        // home has described it as it was before guests here wrote to it
                        lookUp(request, parent, name, true);
                    } else {
                        found(request, parent, name, asked, ref, in.attr());
                    }
                };
        Consumer<Frame> body = f -> f.ref(parent.ref()).blob(name);
        if (last) {
            guests.askLast(request, Op.LOOKUP, name.length + 64, body, answer);
        } else {
            guests.ask(request, Op.LOOKUP, name.length + 64, body, answer);
        }
    }

    private void notFound(long unique, int status, Node parent, long asked) {
        if (status == Errno.ENOENT) {
            boolean keep = guests.nodes.undisturbed(parent, asked);
            FuseOut out = guests.fuse.out(FuseReplies.ENTRY_BYTES);
            FuseReplies.noEntry(out.body(), keep ? parent.leaseMillis() : 0);
            guests.fuse.send(unique, out);
        } else {
            guests.fuse.error(unique, status);
        }
    }

    private void found(
            FuseRequest request, Node parent, byte[] name, long asked, NodeRef ref, Attr attr) {
        FuseOut out = guests.fuse.out(FuseReplies.ENTRY_BYTES);
        Node node = putEntry(out.body(), parent, name, asked, ref, attr);
        retries.found(request.pid(), node);
        send(request.unique(), out, node);
    }

    private void entry(long unique, Node parent, byte[] name, long asked, NodeRef ref, Attr attr) {
        FuseOut out = guests.fuse.out(FuseReplies.ENTRY_BYTES);
        send(unique, out, putEntry(out.body(), parent, name, asked, ref, attr));
    }

    private void send(long unique, FuseOut out, Node node) {
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
        long begun = parent.contentsChange();
        guests.ask(
                request,
                op,
                name.length + size + 128,
                f -> rest.accept(f.ref(parent.ref()).blob(name)),
                (status, in) -> {
                    if (status != 0) {
                        parent.contentsChange();
                        guests.fuse.error(unique, status);
                    } else {
                        NodeRef ref = in.ref();
                        Attr attr = in.attr();
                        nameChanged(parent, begun, asked, in);
                        entry(unique, parent, name, asked, ref, attr);
                    }
                });
    }

    /**
     * A guest here has made or taken away a name, and home describes its directory as it is now.
     *
     * @param begun {@link Node#contentsChange} before home was asked
     * @param asked tick of the table then
     */
    void nameChanged(Node directory, long begun, long asked, FrameReader in)
            throws BadFrameException {
        boolean alone = directory.contents() == begun;
        long now = directory.contentsChange();
        if (in.remaining() >= Attr.BYTES) {
            directory.exactly(in.attr(), asked, alone ? now : -1, guests.nodes.names());
        }
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
        namesChange(parent, parent);
        guests.ask(
                request,
                Op.LINK,
                name.length + 160,
                f -> f.ref(existing.ref()).ref(parent.ref()).blob(name),
                (status, in) -> {
                    namesChange(parent, parent);
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
            lazy.beforeNameGoes(parent, name, () -> remove(request, op, parent, name));
        }
    }

    private void remove(FuseRequest request, Op op, Node parent, byte[] name) {
        long unique = request.unique();
        long asked = guests.nodes.now();
        long begun = parent.contentsChange();
        guests.nodes.namesChange();
        guests.ask(
                request,
                op,
                name.length + 64,
                f -> f.ref(parent.ref()).blob(name),
                (status, in) -> {
                    guests.nodes.namesChange();
                    nameChanged(parent, begun, asked, in);
                    guests.fuse.error(unique, status);
                });
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
        lazy.beforeNameGoes(to, newName, () -> rename(request, from, name, to, newName, flags));
    }

    private void rename(
            FuseRequest request, Node from, byte[] name, Node to, byte[] newName, int flags) {
        long unique = request.unique();
        namesChange(from, to);
        guests.ask(
                request,
                Op.RENAME,
                name.length + newName.length + 160,
                f -> f.ref(from.ref()).blob(name).ref(to.ref()).blob(newName).u32(flags),
                (status, in) -> {
                    namesChange(from, to);
                    guests.fuse.error(unique, status);
                });
    }

    private void namesChange(Node from, Node to) {
        guests.nodes.namesChange();
        from.contentsChange();
        to.contentsChange();
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
