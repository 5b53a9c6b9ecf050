package io.mig.balance.gossip;

import io.mig.balance.view.NodeFacts;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The facts a node holds about others: at most a window of the newest ones, each with its age by
 * this node's own clock. Tells which of them to hand on.
 *
 * <p>One owner thread.
 */
public final class LoadTable {
    private static final Comparator<Entry> BEST_FIRST =
            (a, b) ->
                    a.key != b.key
                            ? Long.compare(a.key, b.key)
                            : a.fact.facts().node().compareTo(b.fact.facts().node());

    private final NodeId self;
    private final int window;
    private final long maxAgeMillis;
    private final Map<NodeId, Entry> entries = new HashMap<>();
    private @Nullable Entry own;
    private long version;

    private static final class Entry {
        final LoadFact fact;
        final long observedMillis;
        int sent;

        /** Order of telling, of the last selection. */
        long key;

        Entry(LoadFact fact, long observedMillis) {
            this.fact = fact;
            this.observedMillis = observedMillis;
        }
    }

    /**
     * @param window facts about others that are kept; for a short time a quarter more
     * @param firstVersion greater than that of any fact this node told before it was started anew;
     *     it need not be exact: a node that hears newer facts of itself goes on from those
     */
    public LoadTable(NodeId self, int window, long maxAgeMillis, long firstVersion) {
        this.self = self;
        this.window = window;
        this.maxAgeMillis = maxAgeMillis;
        this.version = firstVersion;
    }

    /**
     * This node looked at itself.
     *
     * @return how urgent that is
     */
    public Urgency publish(NodeFacts facts, long nowMillis) {
        Entry before = own;
        LoadFact fact = LoadFact.next(before == null ? null : before.fact, facts, ++version);
        own = new Entry(fact, nowMillis);
        return fact.newsAge() == 0 ? fact.urgency() : Urgency.ROUTINE;
    }

    /**
     * Takes a fact over if it is newer than what is known.
     *
     * @return whether it was
     */
    public boolean merge(AgedFact aged, long nowMillis) {
        LoadFact fact = aged.fact();
        NodeId node = fact.facts().node();
        if (node.equals(self)) {
            // told before this node was started anew: what follows must count as newer
            version = Math.max(version, fact.version());
            return false;
        }
        Entry known = entries.get(node);
        if ((known != null && known.fact.version() >= fact.version())
                || aged.ageMillis() > maxAgeMillis) {
            return false;
        }
        Entry entry = new Entry(fact, nowMillis - aged.ageMillis());
        if (known != null && known.fact.newsVersion() == fact.newsVersion()) {
            entry.sent = known.sent; // the same news with fresher figures
        }
        entries.put(node, entry);
        if (entries.size() > window + window / 4) {
            dropOldest();
        }
        return true;
    }

    /** A node answered directly how it is, outside gossip: believed until gossip knows better. */
    public void correct(NodeFacts facts, long nowMillis) {
        Entry known = entries.get(facts.node());
        long same = known == null ? 0 : known.fact.version();
        if (!facts.node().equals(self)) {
            entries.put(
                    facts.node(),
                    new Entry(new LoadFact(facts, same, 0, Urgency.ROUTINE), nowMillis));
        }
    }

    public void forget(NodeId node) {
        entries.remove(node);
    }

    /** Hands each fact about another node, with its age, to the visitor; none that is too old. */
    public void each(long nowMillis, BiConsumer<NodeFacts, Long> visitor) {
        for (Entry e : entries.values()) {
            long age = Math.max(0, nowMillis - e.observedMillis);
            if (age <= maxAgeMillis) {
                visitor.accept(e.fact.facts(), age);
            }
        }
    }

    /** Age of the newest fact about a node; empty when there is none. */
    public Optional<Long> age(NodeId node, long nowMillis) {
        return Optional.ofNullable(entries.get(node))
                .map(e -> Math.max(0, nowMillis - e.observedMillis));
    }

    public Optional<NodeFacts> facts(NodeId node) {
        return Optional.ofNullable(entries.get(node)).map(e -> e.fact.facts());
    }

    public int size() {
        return entries.size();
    }

    /**
     * What to tell now: this node's own fact first, then news that was not told often yet, the
     * least told first, then the youngest facts.
     *
     * @param most facts in all
     * @param newsOnly leaves routine facts of others out
     * @param nodes in the cluster: decides how often news is told
     */
    public List<AgedFact> select(int most, boolean newsOnly, int nodes, long nowMillis) {
        int often = 2 * (33 - Integer.numberOfLeadingZeros(Math.max(1, nodes)));
        // the best few of many: a small heap with the worst of them on top
        PriorityQueue<Entry> best = new PriorityQueue<>(most + 1, BEST_FIRST.reversed());
        for (Entry e : entries.values()) {
            boolean news = isNews(e, often);
            long age = nowMillis - e.observedMillis;
            if ((!news && newsOnly) || age > maxAgeMillis) {
                continue;
            }
            e.key = rank(e, often) << 56 | (news ? (long) e.sent : 0) << 48 | Math.max(0, age);
            Entry worst = best.peek();
            if (worst == null || best.size() < most) {
                best.add(e);
            } else if (BEST_FIRST.compare(e, worst) < 0) {
                best.remove();
                best.add(e);
            }
        }
        List<Entry> candidates = new ArrayList<>(best);
        candidates.sort(BEST_FIRST);
        List<AgedFact> chosen = new ArrayList<>(most);
        Entry mine = own;
        if (mine != null && most > 0) {
            chosen.add(aged(mine, nowMillis));
        }
        for (Entry e : candidates) {
            if (chosen.size() >= most) {
                break;
            }
            e.sent++;
            chosen.add(aged(e, nowMillis));
        }
        return chosen;
    }

    private static long rank(Entry e, int often) {
        return switch (e.fact.urgency()) {
            case URGENT -> e.sent < often ? 0 : 2;
            case NEWS -> e.sent < often ? 1 : 2;
            case ROUTINE -> 2;
        };
    }

    private static boolean isNews(Entry e, int often) {
        return e.fact.urgency() != Urgency.ROUTINE && e.sent < often;
    }

    private static AgedFact aged(Entry e, long nowMillis) {
        return new AgedFact(
                e.fact, Math.clamp(nowMillis - e.observedMillis, 0, AgedFact.OLDEST_MILLIS));
    }

    /** Down to the window again; now and then only, because all must be looked at. */
    private void dropOldest() {
        List<Entry> all = new ArrayList<>(entries.values());
        all.sort(
                Comparator.<Entry>comparingLong(e -> e.observedMillis)
                        .thenComparing(e -> e.fact.facts().node()));
        for (Entry e : all.subList(0, all.size() - window)) {
            entries.remove(e.fact.facts().node());
        }
    }
}
