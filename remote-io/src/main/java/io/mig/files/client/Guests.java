package io.mig.files.client;

import io.mig.files.fuse.FuseConnection;
import io.mig.files.fuse.FuseRequest;
import io.mig.files.sys.Errno;
import io.mig.files.wire.Frame;
import io.mig.files.wire.Op;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the operations of a tree share. */
final class Guests {
    final FuseConnection fuse;
    final HomeSession home;
    final NodeTable nodes;
    final Counters counters;
    final @Nullable ContentCache cache;
    private final Callers callers;

    Guests(
            FuseConnection fuse,
            HomeSession home,
            NodeTable nodes,
            Counters counters,
            Callers callers,
            @Nullable ContentCache cache) {
        this.cache = cache;
        this.fuse = fuse;
        this.home = home;
        this.nodes = nodes;
        this.counters = counters;
        this.callers = callers;
    }

    Callers.Caller caller(FuseRequest request) {
        return callers.of(request.pid(), request.uid(), request.gid());
    }

    Optional<String> restores(FuseRequest request) {
        return callers.restores(request.pid(), request.uid());
    }

    boolean onlyLooks(FuseRequest request) {
        return callers.onlyLooks(request.pid(), request.uid());
    }

    /** An inode that the kernel names; answers the request when we do not know it. */
    @Nullable Node node(FuseRequest request, long id) {
        Node node = nodes.find(id);
        if (node == null) {
            fuse.error(request.unique(), Errno.ESTALE);
        }
        return node;
    }

    /** Asks home as the guest that asks us. */
    void ask(FuseRequest request, Op op, int size, Consumer<Frame> body, Answer answer) {
        ask(request, op, size, body, answer, null, false, 0);
    }

    /** Asks home after it has done all that guests believe is done. */
    void askLast(FuseRequest request, Op op, int size, Consumer<Frame> body, Answer answer) {
        home.submit(
                op,
                caller(request),
                size,
                body,
                answer,
                null,
                true,
                request.unique(),
                request.pid(),
                size + 512,
                0,
                home.behind().last());
    }

    void ask(
            FuseRequest request,
            Op op,
            int size,
            Consumer<Frame> body,
            Answer answer,
            @Nullable OpenHandle handle,
            boolean harmlessTwice) {
        ask(request, op, size, body, answer, handle, harmlessTwice, 0);
    }

    /**
     * @param expected bytes of data in the answer
     */
    void ask(
            FuseRequest request,
            Op op,
            int size,
            Consumer<Frame> body,
            Answer answer,
            @Nullable OpenHandle handle,
            boolean harmlessTwice,
            int expected) {
        ask(request, op, size, body, answer, handle, harmlessTwice, expected, 0);
    }

    /**
     * @param opens number that an open file gets by it, otherwise 0
     */
    void ask(
            FuseRequest request,
            Op op,
            int size,
            Consumer<Frame> body,
            Answer answer,
            @Nullable OpenHandle handle,
            boolean harmlessTwice,
            int expected,
            long opens) {
        home.submit(
                op,
                caller(request),
                size,
                body,
                answer,
                handle,
                harmlessTwice,
                request.unique(),
                request.pid(),
                size + expected + 512,
                opens,
                after(request, op, harmlessTwice));
    }

    /** What home must have done before. */
    private long after(FuseRequest request, Op op, boolean harmlessTwice) {
        WriteBehind behind = home.behind();
        if (behind.isIdle()) {
            return 0;
        }
        return switch (op) {
            // what it finds is looked at when it comes
            case LOOKUP, STATFS -> 0;
            case READ, GETATTR, LSEEK, GETXATTR, LISTXATTR, READLINK -> ofNode(request);
            case OPEN -> harmlessTwice ? ofNode(request) : behind.last();
            default -> behind.last();
        };
    }

    private long ofNode(FuseRequest request) {
        Node node = nodes.find(request.node());
        return node == null ? 0 : node.behind();
    }

    /** Answers with nothing but success or failure. */
    Answer plain(long unique) {
        return (status, in) -> fuse.error(unique, status);
    }
}
