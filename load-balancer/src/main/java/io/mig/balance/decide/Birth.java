package io.mig.balance.decide;

import io.mig.balance.policy.Automation;
import io.mig.balance.policy.Policy;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.ProcessView;
import io.mig.model.NodeId;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Places new programs: the cheap half of balancing, because nothing has to be copied. A pure
 * function, and the same rules as for moves.
 */
public final class Birth {
    private Birth() {}

    /**
     * Where to start a program.
     *
     * @param view of its home node; what this node has just started elsewhere must be announced in
     *     it, else a crowd of new programs goes to one node
     */
    public static Placement place(ClusterView view, Policy policy, NewProgram program) {
        double work = policy.birth().expectedWork().toNanos() / 1e9;
        ProcessView p = program.asProcess(work);
        Round round = new Round(view, policy);
        Judge judge = new Judge(round);
        ProcessTerms terms = ProcessTerms.of(policy, p, round.own.view, round.cluster);
        Standing own = round.own;

        WhyNot notHome = homeForbids(p, terms, own);
        double homeSpeed = own.speedAt(own.wanted() + program.demand(), own.cores);
        if (notHome == null) {
            if (!policy.birth().place() && program.on().isEmpty()) {
                return new Placement.AtHome("birth.place is off");
            }
            if (policy.automation() == Automation.MANUAL && program.on().isEmpty()) {
                return new Placement.AtHome("automation is manual");
            }
            if (terms.pinned()) {
                return new Placement.AtHome("a rule pins it to its home");
            }
        }
        Standing best = null;
        Estimate bestEstimate = null;
        for (Standing target :
                terms.picky() || program.on().isPresent() ? round.all : round.promising()) {
            boolean choice = notHome == null && program.on().isEmpty();
            if (target == own
                    || judge.forbids(p, terms, target) != null
                    || (choice && !Judge.trusts(p, target))) {
                continue;
            }
            Estimate e = judge.estimate(p, terms, target);
            if (best == null
                    || bestEstimate == null
                    || judge.better(p, target, e, best, bestEstimate)) {
                best = target;
                bestEstimate = e;
            }
        }
        if (best == null || bestEstimate == null) {
            return notHome == null
                    ? new Placement.AtHome("no other node takes it")
                    : new Placement.Nowhere(answers(p, terms, round, judge, notHome));
        }
        double there = bestEstimate.speedThere() / Math.max(1e-3, program.demand());
        if (notHome != null) {
            return new Placement.Away(best.view.node(), homeSpeed, there, notHome.words());
        }
        double atHome = work / homeSpeed;
        double saved = atHome - work / there - policy.birth().startCost().toNanos() / 1e9;
        if (saved <= policy.birth().minimumImprovement() * atHome) {
            return new Placement.AtHome("there is room");
        }
        return new Placement.Away(
                best.view.node(),
                homeSpeed,
                there,
                String.format(Locale.ROOT, "runs at %.2f instead of %.2f", there, homeSpeed));
    }

    /**
     * What forbids the home node. Cordons, owners and guests' limits do not: it is a program of
     * this node's own user.
     */
    private static @Nullable WhyNot homeForbids(ProcessView p, ProcessTerms terms, Standing own) {
        if (!Judge.missing(p, own).isEmpty()) {
            return WhyNot.MISSING_FEATURE;
        }
        if (p.pin().isPresent() && !p.pin().get().equals(own.view.node())) {
            return WhyNot.PINNED;
        }
        if (own.view.facts().doors().draining()) {
            return WhyNot.DRAINING;
        }
        WhyNot rule = Judge.rule(terms, own);
        if (rule != null) {
            return rule;
        }
        return p.usage().rssBytes() > Math.max(0, own.available()) ? WhyNot.NO_MEMORY : null;
    }

    private static Map<NodeId, WhyNot> answers(
            ProcessView p, ProcessTerms terms, Round round, Judge judge, WhyNot home) {
        Map<NodeId, WhyNot> why = new TreeMap<>();
        for (Standing s : round.all) {
            WhyNot forbids = s == round.own ? home : judge.forbids(p, terms, s);
            if (forbids != null) {
                why.put(s.view.node(), forbids);
            }
        }
        return why;
    }
}
