package io.mig.files.client;

import io.mig.files.sys.Linux;
import io.mig.files.wire.Lock;
import java.util.ArrayList;
import java.util.List;

/**
 * What is locked of one open file, after any number of steps: ranges of an owner do not overlap
 * (fcntl(2)). Not thread-safe.
 */
final class LockSet {
    private static final int MOST = 4096;

    private final List<Lock> held = new ArrayList<>(0);
    private boolean tooMany;

    /** A lock was got or given up. */
    void apply(Lock lock) {
        List<Lock> rests = new ArrayList<>(0);
        held.removeIf(
                l -> {
                    if (!sameHolder(l, lock) || l.end() < lock.start() || lock.end() < l.start()) {
                        return false;
                    }
                    if (l.start() < lock.start()) {
                        rests.add(part(l, l.start(), lock.start() - 1));
                    }
                    if (l.end() > lock.end()) {
                        rests.add(part(l, lock.end() + 1, l.end()));
                    }
                    return true;
                });
        held.addAll(rests);
        if (lock.type() != Linux.F_UNLCK) {
            held.add(part(lock, lock.start(), lock.end()));
        }
        tooMany |= held.size() > MOST;
        if (tooMany) {
            held.subList(Math.min(held.size(), MOST), held.size()).clear();
        }
    }

    private static boolean sameHolder(Lock a, Lock b) {
        return a.owner() == b.owner() && a.whole() == b.whole();
    }

    /** Whoever takes it back does not wait for it. */
    private static Lock part(Lock l, long start, long end) {
        return new Lock(l.owner(), start, end, l.type(), l.pid(), l.whole(), false);
    }

    /** All ranges of an owner are given up. */
    void dropRanges(long owner) {
        held.removeIf(l -> l.owner() == owner && !l.whole());
    }

    /** Whether there were more than are kept: then not all can be taken back. */
    boolean tooMany() {
        return tooMany;
    }

    List<Lock> held() {
        return List.copyOf(held);
    }
}
