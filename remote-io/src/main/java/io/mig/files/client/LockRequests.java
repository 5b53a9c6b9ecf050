package io.mig.files.client;

import io.mig.files.fuse.FuseOut;
import io.mig.files.fuse.FuseRequest;
import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.wire.Attr;
import io.mig.files.wire.Lock;
import io.mig.files.wire.Op;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Locks, which are all held at home, and closing, which ends them. */
final class LockRequests {
    private static final int WHOLE_FILE = 1;

    private final Guests guests;
    private final HandleTable handles;
    private final Invalidator invalidator;
    private final LockGate gate;

    LockRequests(Guests guests, HandleTable handles, Invalidator invalidator, LockGate gate) {
        this.gate = gate;
        this.invalidator = invalidator;
        this.guests = guests;
        this.handles = handles;
    }

    private @Nullable OpenHandle handle(FuseRequest request) {
        OpenHandle handle = handles.find(request.body().getLong());
        if (handle == null) {
            guests.fuse.error(request.unique(), Errno.EBADF);
        }
        return handle;
    }

    /** fuse_lk_in after its first field. */
    private static Lock lock(ByteBuffer in, boolean wait) {
        long owner = in.getLong();
        long start = in.getLong();
        long end = in.getLong();
        int type = in.getInt();
        int pid = in.getInt();
        boolean whole = (in.getInt() & WHOLE_FILE) != 0;
        return new Lock(owner, start, end, type, pid, whole, wait);
    }

    void set(FuseRequest request, boolean wait) {
        OpenHandle handle = handle(request);
        if (handle == null) {
            return;
        }
        Lock lock = lock(request.body(), wait);
        long unique = request.unique();
        admit(request, unique, handle, lock);
    }

    private void admit(FuseRequest request, long unique, OpenHandle handle, Lock lock) {
        if (lock.type() != Linux.F_UNLCK
                && gate.parks(lock.pid(), unique, () -> admit(request, unique, handle, lock))) {
            return;
        }
        if (!lock.whole()) {
            // before it is granted: closing meanwhile must ask home
            handle.node().locked(lock.owner());
        }
        set(request, unique, handle, lock);
    }

    private void set(FuseRequest request, long unique, OpenHandle handle, Lock lock) {
        long releases = handle.node().releases();
        guests.ask(
                request,
                Op.SETLK,
                64,
                f -> {
                    f.u64(handle.number());
                    lock.putTo(f);
                },
                (status, in) -> {
                    if (status == Errno.EAGAIN
                            && handle.node()
                                    .afterReleases(
                                            releases, () -> set(request, unique, handle, lock))) {
                        return;
                    }
                    if (status == 0) {
                        handles.locked(handle, lock);
                        if (lock.type() != Linux.F_UNLCK) {
                            got(unique, handle.node(), in.attr());
                            return;
                        }
                    }
                    guests.fuse.error(unique, status);
                },
                handle,
                true);
    }

    /** What others wrote before they let the lock go must be seen by whoever has it now. */
    private void got(long unique, Node node, Attr attr) {
        if (node.isAsKnown(attr)) {
            guests.fuse.error(unique, 0);
        } else {
            node.pages(attr);
            invalidator.forget(node, () -> guests.fuse.error(unique, 0));
        }
    }

    void get(FuseRequest request) {
        OpenHandle handle = handle(request);
        if (handle == null) {
            return;
        }
        Lock lock = lock(request.body(), false);
        long unique = request.unique();
        guests.ask(
                request,
                Op.GETLK,
                64,
                f -> {
                    f.u64(handle.number());
                    lock.putTo(f);
                },
                (status, in) -> {
                    if (status != 0) {
                        guests.fuse.error(unique, status);
                        return;
                    }
                    Lock found = Lock.from(in);
                    FuseOut out = guests.fuse.out(24);
                    out.body().putLong(found.start()).putLong(found.end());
                    out.body().putInt(found.type()).putInt(found.pid());
                    guests.fuse.send(unique, out);
                },
                handle,
                true);
    }

    /** Somebody closed a descriptor: locks are home's business, writes are on their way. */
    void flush(FuseRequest request) {
        OpenHandle handle = handle(request);
        if (handle == null) {
            return;
        }
        request.body().getLong();
        long owner = request.body().getLong();
        if (!handle.node().unlocked(owner)) {
            guests.fuse.error(request.unique(), handle.node().takeTrouble());
            return;
        }
        handles.unlockedAll(handle, owner);
        guests.ask(
                request,
                Op.FLUSH,
                32,
                f -> f.u64(handle.number()).u64(owner),
                guests.plain(request.unique()),
                handle,
                true);
    }
}
