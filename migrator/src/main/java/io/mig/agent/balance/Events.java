package io.mig.agent.balance;

import io.mig.json.JsonObject;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What has happened on this node lately, for {@code mig events}. Thread-safe. */
final class Events {
    private static final Logger LOG = LoggerFactory.getLogger(Events.class);
    private static final int KEPT = 500;

    /** One event; numbers rise by one. */
    record Event(long number, Instant at, String kind, String text) {
        JsonObject json(String node) {
            return JsonObject.builder()
                    .put("number", number)
                    .put("time", at.toString())
                    .put("node", node)
                    .put("kind", kind)
                    .put("text", text)
                    .build();
        }
    }

    private final Deque<Event> events = new ArrayDeque<>();
    private final Clock wall;
    private long last;

    Events(Clock wall) {
        this.wall = wall;
    }

    void add(String kind, String text) {
        LOG.info("{}: {}", kind, text);
        synchronized (events) {
            events.addLast(new Event(++last, wall.instant(), kind, text));
            if (events.size() > KEPT) {
                events.removeFirst();
            }
        }
    }

    /** Those with a greater number, oldest first. */
    List<Event> after(long number) {
        synchronized (events) {
            return events.stream().filter(e -> e.number > number).toList();
        }
    }

    long last() {
        synchronized (events) {
            return last;
        }
    }
}
