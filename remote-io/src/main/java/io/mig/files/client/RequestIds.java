package io.mig.files.client;

import java.util.TreeSet;

/**
 * Numbers requests and knows which are not over. A number is open from the moment it is given out,
 * so that no other request can tell home meanwhile that it is answered. Thread-safe.
 */
final class RequestIds {
    private final TreeSet<Long> open = new TreeSet<>();
    private long last;

    synchronized long begin() {
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
