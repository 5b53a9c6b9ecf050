package io.mig.files.client;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Keeps processes that are about to be moved at a moment in which they have no lock: whoever of
 * them asks for one then waits here. Thread-safe.
 */
final class LockGate {
    private final HandleTable handles;
    private final Map<Long, Set<Integer>> closed = new HashMap<>();
    private final Map<Long, Runnable> parked = new LinkedHashMap<>();
    private long last;

    LockGate(HandleTable handles) {
        this.handles = handles;
    }

    /** Closes it for processes; what is given must be run to open it again, once. */
    synchronized Runnable close(Set<Integer> pids) {
        long number = ++last;
        closed.put(number, Set.copyOf(pids));
        return () -> open(number);
    }

    private void open(long number) {
        List<Runnable> again;
        synchronized (this) {
            closed.remove(number);
            again = new ArrayList<>(parked.values());
            parked.clear();
        }
        // those for whom it is still closed come back
        again.forEach(Runnable::run);
    }

    /** Keeps a request for a lock if its process shall have none; otherwise false. */
    synchronized boolean parks(int pid, long unique, Runnable request) {
        boolean shut =
                closed.values().stream()
                        .anyMatch(pids -> pids.contains(pid) && handles.heldBy(pids).isEmpty());
        if (shut) {
            parked.put(unique, request);
        }
        return shut;
    }

    /** Whether a request was kept here; it is not any more. */
    synchronized boolean interrupt(long unique) {
        return parked.remove(unique) != null;
    }
}
