package io.mig.balance.decide;

import io.mig.balance.policy.Policy;
import io.mig.balance.view.Announced;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.ProcessView;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers nodes that want to send a process here, with this node's own fresh figures, so that old
 * news elsewhere floods nobody. Each accepted arrival counts as load until it is there.
 *
 * <p>One owner thread. Time is handed in.
 */
public final class ArrivalDesk {
    private final long ticketMillis;
    private final int atOnce;
    private final Map<Long, Expected> expected = new LinkedHashMap<>();
    private long lastTicket;

    /** An accepted arrival that is not there yet. */
    private record Expected(double demand, long bytes, boolean birth, long expiresMillis) {}

    /**
     * @param ticketMillis how long room is kept
     * @param atOnce moves that may be on their way here at once; births are not limited
     */
    public ArrivalDesk(long ticketMillis, int atOnce) {
        this.ticketMillis = ticketMillis;
        this.atOnce = atOnce;
    }

    /** What is on its way here: belongs into this node's own view and into what it gossips. */
    public Announced announced() {
        Announced all = Announced.NOTHING;
        for (Expected e : expected.values()) {
            all = all.plus(e.demand, e.bytes);
        }
        return all;
    }

    /**
     * Answers a request.
     *
     * @param view this node's own, with fresh figures of itself and {@link #announced()}
     */
    public ArrivalAnswer ask(ClusterView view, Policy policy, ArrivalRequest request) {
        expire(view.nowMillis());
        boolean birth = request.reason().isEmpty();
        if (!birth) {
            long moves = expected.values().stream().filter(e -> !e.birth).count();
            if (moves >= atOnce) {
                return new ArrivalAnswer.Busy(500);
            }
        }
        WhyNot why = refusal(view, policy, request);
        if (why != null) {
            return new ArrivalAnswer.Refused(why, view.own().facts());
        }
        var usage = request.process().usage();
        long ticket = ++lastTicket;
        long expires = view.nowMillis() + ticketMillis;
        expected.put(ticket, new Expected(usage.demand(), usage.rssBytes(), birth, expires));
        return new ArrivalAnswer.Accepted(ticket, expires);
    }

    private static @Nullable WhyNot refusal(
            ClusterView view, Policy policy, ArrivalRequest request) {
        ProcessView p = request.process();
        Round round = new Round(view, policy);
        Judge judge = new Judge(round);
        Standing own = round.own;
        ProcessTerms terms = ProcessTerms.of(policy, p, own.view, round.cluster);
        boolean homecoming = p.process().home().equals(view.self());
        boolean mandatory = request.reason().map(Reason::mandatory).orElse(false);
        if (homecoming && mandatory) {
            return null;
        }
        WhyNot forbids = judge.forbids(p, terms, own);
        if (forbids != null) {
            return forbids;
        }
        for (ProcessView here : view.processes()) {
            ProcessTerms theirs = ProcessTerms.of(policy, here, own.view, round.cluster);
            if (theirs.apartRules().stream().anyMatch(terms.apartRules()::contains)) {
                return WhyNot.RULE_NEVER;
            }
        }
        boolean forSpeed =
                request.reason()
                        .map(r -> r == Reason.BALANCE_CPU || r == Reason.FASTER_NODE)
                        .orElse(true);
        double demand = p.usage().demand();
        double there =
                Math.max(demand, 1e-3)
                        * own.speedAt(own.wanted() + demand, own.coresFor(!homecoming));
        return forSpeed && there <= request.speedHere() * 1.0001 ? WhyNot.NO_GAIN : null;
    }

    /** It is there (and from now on in the node's own figures), or will not come. */
    public void settled(long ticket) {
        expected.remove(ticket);
    }

    /** Forgets who did not come in time. */
    public void expire(long nowMillis) {
        for (Iterator<Expected> it = expected.values().iterator(); it.hasNext(); ) {
            if (it.next().expiresMillis <= nowMillis) {
                it.remove();
            }
        }
    }
}
