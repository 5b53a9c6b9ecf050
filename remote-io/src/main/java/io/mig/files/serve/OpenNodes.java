package io.mig.files.serve;

import io.mig.files.wire.NodeRef;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The O_PATH descriptors of inodes that were used lately; the least used are closed beyond a bound,
 * unless in use. Thread-safe.
 */
final class OpenNodes {
    /** A descriptor in use; must be {@link #release}d. */
    static final class Open {
        private final int fd;
        private int users;
        private boolean dropped;

        private Open(int fd) {
            this.fd = fd;
        }

        int fd() {
            return fd;
        }
    }

    private final int max;
    private final Map<NodeRef, Open> open = new LinkedHashMap<>(64, 0.75f, true);

    OpenNodes(int max) {
        this.max = max;
    }

    synchronized @org.jspecify.annotations.Nullable Open hold(NodeRef node) {
        Open found = open.get(node);
        if (found != null) {
            found.users++;
        }
        return found;
    }

    /** Takes a descriptor over and holds it; {@code toClose} gets those that are too many. */
    synchronized Open add(NodeRef node, int fd, List<Integer> toClose) {
        Open known = open.get(node);
        if (known != null) {
            toClose.add(fd);
            known.users++;
            return known;
        }
        Open added = new Open(fd);
        added.users = 1;
        open.put(node, added);
        Iterator<Open> eldest = open.values().iterator();
        while (open.size() > max && eldest.hasNext()) {
            Open old = eldest.next();
            if (old.users == 0) {
                eldest.remove();
                toClose.add(old.fd);
            } else if (old != added) {
                // in use: whoever uses it closes it
                eldest.remove();
                old.dropped = true;
            }
        }
        return added;
    }

    /** True when the caller has to close the descriptor. */
    synchronized boolean release(Open held) {
        held.users--;
        return held.users == 0 && held.dropped;
    }

    synchronized List<Integer> clear() {
        List<Integer> fds = new ArrayList<>();
        open.values().forEach(o -> fds.add(o.fd));
        open.clear();
        return fds;
    }
}
