package io.mig.files.serve;

import io.mig.files.wire.Limits;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that a request which comes twice is applied once: the second time it gets the reply of
 * the first, now or when there is one. Replies are kept until the host says that it has them.
 * Thread-safe.
 */
final class ReplyMemory {
    /** What became of a request that came. */
    enum Seen {
        /** For the first time: to be applied, then {@link #done}. */
        FIRST,
        /** Is or will be answered from here. */
        AGAIN,
        /** More unconfirmed requests than a host may have. */
        TOO_MANY
    }

    /** Of those who ask the same, the last: connections of the others are gone. */
    private static final int MAX_ASKING = 4;

    private static final class Entry {
        private @Nullable ByteBuffer reply;
        private final List<Reply> waiting = new ArrayList<>(1);
    }

    private final Map<Long, Entry> entries = new HashMap<>();
    private long answeredBelow;

    Seen begin(long id, long answered, Reply to) {
        ByteBuffer known;
        synchronized (this) {
            forget(answered);
            Entry entry = entries.get(id);
            if (entry == null) {
                if (id < answeredBelow) {
                    // a late copy of what the host has its answer to: nobody listens
                    return Seen.AGAIN;
                }
                if (entries.size() >= 2 * Limits.MAX_IN_FLIGHT) {
                    return Seen.TOO_MANY;
                }
                entry = new Entry();
                entry.waiting.add(to);
                entries.put(id, entry);
                return Seen.FIRST;
            }
            if (entry.reply == null) {
                if (entry.waiting.size() >= MAX_ASKING) {
                    entry.waiting.removeFirst();
                }
                entry.waiting.add(to);
                return Seen.AGAIN;
            }
            known = entry.reply;
        }
        to.send(known.duplicate());
        return Seen.AGAIN;
    }

    /**
     * The answer; goes to all who asked.
     *
     * @param applied whether it was tried at all; if not, the next time counts as the first
     */
    void done(long id, ByteBuffer reply, boolean applied) {
        List<Reply> waiting;
        synchronized (this) {
            Entry entry = entries.get(id);
            if (entry == null) {
                return;
            }
            if (applied) {
                entry.reply = reply;
            } else {
                entries.remove(id);
            }
            waiting = List.copyOf(entry.waiting);
            entry.waiting.clear();
        }
        waiting.forEach(to -> to.send(reply.duplicate()));
    }

    /** It was not applied after all; the next time counts as the first. */
    synchronized void undo(long id) {
        entries.remove(id);
    }

    private void forget(long answered) {
        if (answered <= answeredBelow) {
            return;
        }
        answeredBelow = answered;
        Iterator<Map.Entry<Long, Entry>> each = entries.entrySet().iterator();
        while (each.hasNext()) {
            Map.Entry<Long, Entry> next = each.next();
            if (next.getKey() < answered && next.getValue().reply != null) {
                each.remove();
            }
        }
    }
}
