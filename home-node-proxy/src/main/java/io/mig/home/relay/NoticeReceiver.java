package io.mig.home.relay;

import io.mig.home.relay.RelayMessage.Notice;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The notices about one process that arrived: puts them in order and drops repetitions. A notice
 * counts as done, and is acknowledged, only after it was carried out. Owned by the router's thread.
 */
final class NoticeReceiver {
    private static final int MAX_WAITING = 1024;

    private final TreeMap<Long, Notice> waiting = new TreeMap<>();
    private long instance;
    private boolean known;
    private long done;

    void accept(Notice notice) {
        if (!known || notice.instance() != instance) {
            known = true;
            instance = notice.instance();
            done = notice.first() - 1;
            waiting.clear();
        }
        if (notice.number() > done && waiting.size() < MAX_WAITING) {
            waiting.put(notice.number(), notice);
        }
    }

    /** The next one to be carried out, if it is here. */
    Optional<Notice> next() {
        return Optional.ofNullable(waiting.get(done + 1));
    }

    void done(Notice notice) {
        if (notice.instance() == instance && notice.number() == done + 1) {
            waiting.remove(notice.number());
            done++;
        }
    }

    long instance() {
        return instance;
    }

    long doneUpTo() {
        return done;
    }
}
