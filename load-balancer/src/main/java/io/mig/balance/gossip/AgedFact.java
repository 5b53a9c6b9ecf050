package io.mig.balance.gossip;

/**
 * A fact and how old it was when it was sent. Ages travel, never times of day: clocks of nodes may
 * be minutes apart.
 */
public record AgedFact(LoadFact fact, long ageMillis) {
    /** Nothing older is told. */
    static final long OLDEST_MILLIS = 600_000;

    public AgedFact {
        if (ageMillis < 0 || ageMillis > OLDEST_MILLIS) {
            throw new IllegalArgumentException(
                    "no such age: node=" + fact.facts().node() + " ageMillis=" + ageMillis);
        }
    }
}
