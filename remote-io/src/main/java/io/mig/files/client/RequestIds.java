package io.mig.files.client;

import java.util.Collection;
import java.util.TreeSet;

/**
 * Numbers requests and knows which are not over. A number is open from the moment it is given out,
 * so that no other request can tell home meanwhile that it is answered. Thread-safe.
 */
final class RequestIds {
    private static final int AHEAD = 4096;

    private final TreeSet<Long> open = new TreeSet<>();
    private final TreeMemory memory;
    private long last;
    private long noted;

    RequestIds(TreeMemory memory) {
        this.memory = memory;
    }

    /**
     * Goes on behind the numbers of an earlier agent.
     *
     * @param unanswered those of them that will be asked again
     */
    synchronized void restore(long below, Collection<Long> unanswered) {
        last = below;
        noted = below;
        open.addAll(unanswered);
    }

    synchronized long begin() {
        if (last + 1 >= noted) {
            noted = last + AHEAD;
            memory.requests(noted);
        }
        open.add(++last);
        return last;
    }

    synchronized void end(long id) {
        open.remove(id);
    }

    /** All smaller ones are over and will not be sent again. */
    synchronized long answeredBelow() {
        return open.isEmpty() ? last + 1 : open.first();
    }
}
