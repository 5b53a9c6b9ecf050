package io.mig.files.client;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Threads whose open(2) found a name that leads elsewhere by now. The kernel looks the name up and
 * tries again within the same call, but only once: what it finds then is opened although its name
 * may be gone again, for the thread cannot have heard of that. Thread-safe.
 */
final class Retries {
    private static final int MOST = 1024;
    private static final long NOTHING_YET = 0;

    // by thread, the inode it has found since
    private final Map<Integer, Long> found =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Integer, Long> eldest) {
                    return size() > MOST;
                }
            };

    /** A thread is told that what it wants to open is not there any more. */
    synchronized void stale(int thread) {
        found.put(thread, NOTHING_YET);
    }

    /** A thread has looked up a name. */
    synchronized void found(int thread, Node node) {
        found.replace(thread, node.id());
    }

    /** Whether a thread opens what it has just found in the same call. Asked once. */
    synchronized boolean isSecond(int thread, Node node) {
        Long last = found.remove(thread);
        return last != null && last == node.id();
    }
}
