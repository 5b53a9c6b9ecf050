package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Native;
import io.mig.files.sys.SysException;
import io.mig.files.wire.Limits;
import io.mig.files.wire.NodeRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One open file description at home for each owner of fcntl locks and each file: locks of that
 * description (F_OFD_SETLK) exclude those of other owners and of processes at home. Thread-safe.
 */
final class LockOwners {
    private record Key(NodeRef node, long owner) {}

    private record Owned(int fd, long handle) {}

    private final Map<Key, Owned> owned = new HashMap<>();

    /** The descriptor of an owner, -1 when it has none. */
    synchronized int find(NodeRef node, long owner) {
        Owned found = owned.get(new Key(node, owner));
        return found == null ? -1 : found.fd();
    }

    /**
     * Takes a descriptor over; gives the one to use, which is another when two were quick.
     *
     * @param handle the open file by which it locked: when that is gone, so are the locks
     */
    synchronized int add(Native sys, NodeRef node, long owner, int fd, long handle)
            throws SysException {
        Key key = new Key(node, owner);
        Owned found = owned.get(key);
        if (found != null) {
            sys.closeFd(fd);
            owned.put(key, new Owned(found.fd(), handle));
            return found.fd();
        }
        if (owned.size() >= Limits.MAX_LOCK_OWNERS) {
            sys.closeFd(fd);
            throw new SysException(Errno.ENOLCK);
        }
        owned.put(key, new Owned(fd, handle));
        return fd;
    }

    /** Gives all locks of an owner on a file up; whether it had any. */
    synchronized boolean drop(Native sys, NodeRef node, long owner) {
        @Nullable Owned found = owned.remove(new Key(node, owner));
        if (found != null) {
            sys.closeFd(found.fd());
        }
        return found != null;
    }

    /** Gives up what was locked by an open file that is closed. */
    synchronized boolean dropAll(Native sys, long handle) {
        List<Integer> fds = new ArrayList<>();
        Iterator<Owned> each = owned.values().iterator();
        while (each.hasNext()) {
            Owned next = each.next();
            if (next.handle() == handle) {
                fds.add(next.fd());
                each.remove();
            }
        }
        fds.forEach(sys::closeFd);
        return !fds.isEmpty();
    }

    synchronized void clear(Native sys) {
        owned.values().forEach(o -> sys.closeFd(o.fd()));
        owned.clear();
    }
}
