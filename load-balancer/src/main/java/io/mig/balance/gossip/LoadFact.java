package io.mig.balance.gossip;

import io.mig.balance.view.NodeFacts;
import org.jspecify.annotations.Nullable;

/**
 * What a node says of itself, as it travels.
 *
 * @param facts the content
 * @param version of this node's facts; greater is newer
 * @param newsAge versions since the last one that was news: later ones, which repeat it with fresh
 *     figures, carry the news on
 * @param urgency of that news
 */
public record LoadFact(NodeFacts facts, long version, int newsAge, Urgency urgency) {
    /** After so many versions news is no news any more. */
    static final int STALE_NEWS = 40;

    public LoadFact {
        if (version < 0 || newsAge < 0 || newsAge > STALE_NEWS) {
            throw new IllegalArgumentException(
                    "no such fact: node="
                            + facts.node()
                            + " version="
                            + version
                            + " newsAge="
                            + newsAge);
        }
    }

    /** The version that was the news. */
    long newsVersion() {
        return version - newsAge;
    }

    /** The first fact, and each that follows. */
    static LoadFact next(@Nullable LoadFact before, NodeFacts facts, long version) {
        if (before == null) {
            return new LoadFact(facts, version, 0, hasRoom(facts) ? Urgency.NEWS : Urgency.ROUTINE);
        }
        Urgency change = change(before.facts, facts);
        if (change != Urgency.ROUTINE) {
            return new LoadFact(facts, version, 0, change);
        }
        return before.urgency == Urgency.ROUTINE || before.newsAge == STALE_NEWS
                ? new LoadFact(facts, version, 0, Urgency.ROUTINE)
                : new LoadFact(facts, version, before.newsAge + 1, before.urgency);
    }

    /** How urgent a change is, judged by its teller. */
    private static Urgency change(NodeFacts before, NodeFacts now) {
        if (!before.doors().equals(now.doors())) {
            return Urgency.URGENT;
        }
        boolean room = hasRoom(before) == hasRoom(now);
        boolean memory = hasMemory(before) == hasMemory(now);
        boolean idle = isIdle(before) == isIdle(now);
        return room && memory && idle ? Urgency.ROUTINE : Urgency.NEWS;
    }

    private static boolean hasRoom(NodeFacts facts) {
        return facts.use().runnable() + 0.5 <= facts.capacity().cores();
    }

    private static boolean isIdle(NodeFacts facts) {
        return facts.use().runnable() < 0.25 * facts.capacity().cores();
    }

    private static boolean hasMemory(NodeFacts facts) {
        return facts.use().availableBytes() * 10 > facts.capacity().memoryBytes()
                && facts.use().psi().memory() < 0.1;
    }
}
