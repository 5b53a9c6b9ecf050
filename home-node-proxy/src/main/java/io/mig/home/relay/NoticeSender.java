package io.mig.home.relay;

import io.mig.home.relay.RelayMessage.Content;
import io.mig.home.relay.RelayMessage.Notice;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The notices about one process that the other side has not acknowledged yet. Owned by the router's
 * thread.
 */
final class NoticeSender {
    private static final int MAX_WAITING = 1024;

    private record Waiting(long number, Content content) {}

    private final HomePid process;
    private final long instance;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private long last;

    NoticeSender(HomePid process, long instance) {
        this.process = process;
        this.instance = instance;
    }

    /** False when there is no room; the oldest matter most, so this one is lost. */
    boolean add(Content content) {
        if (waiting.size() >= MAX_WAITING) {
            return false;
        }
        last++;
        waiting.add(new Waiting(last, content));
        return true;
    }

    boolean contains(Content content) {
        return waiting.stream().anyMatch(notice -> notice.content().equals(content));
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** All that wait, oldest first, to be sent (again). */
    List<Notice> all(Epoch epoch) {
        long first = waiting.isEmpty() ? last + 1 : waiting.getFirst().number();
        return waiting.stream()
                .map(
                        notice ->
                                new Notice(
                                        process,
                                        epoch,
                                        instance,
                                        first,
                                        notice.number(),
                                        notice.content()))
                .toList();
    }

    void acknowledged(long ofInstance, long number) {
        if (ofInstance == instance) {
            while (!waiting.isEmpty() && waiting.getFirst().number() <= number) {
                waiting.removeFirst();
            }
        }
    }
}
