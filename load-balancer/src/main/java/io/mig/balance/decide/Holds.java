package io.mig.balance.decide;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * Since when there has been a cause for moves of each reason, without a break: what one decision
 * tells the next one.
 *
 * @param sinceMillis by the clock of the views
 */
public record Holds(Map<Reason, Long> sinceMillis) {
    public static final Holds NONE = new Holds(Map.of());

    public Holds {
        EnumMap<Reason, Long> copy = new EnumMap<>(Reason.class);
        copy.putAll(sinceMillis);
        sinceMillis = Collections.unmodifiableMap(copy);
    }

    /** Keeps the causes that are still there and begins the new ones. */
    Holds next(Set<Reason> present, long nowMillis) {
        EnumMap<Reason, Long> next = new EnumMap<>(Reason.class);
        for (Reason reason : present) {
            next.put(reason, sinceMillis.getOrDefault(reason, nowMillis));
        }
        return new Holds(next);
    }

    boolean lasted(Reason reason, long nowMillis, long holdMillis) {
        Long since = sinceMillis.get(reason);
        return since != null && nowMillis - since >= holdMillis;
    }
}
