package io.mig.balance.decide;

import io.mig.balance.policy.Policy;
import io.mig.balance.policy.Spread;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.ProcessView;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** One round of deciding: first what must move, then what should. Used once. */
final class Planner {
    private final ClusterView view;
    private final Policy policy;
    private final Holds holds;
    private final Round round;
    private final Judge judge;
    private final List<Candidate> candidates = new ArrayList<>();

    private final List<Proposal> now = new ArrayList<>();
    private final List<Proposal> waiting = new ArrayList<>();
    private final List<Measure> measures = new ArrayList<>();
    private final Set<Reason> present = EnumSet.noneOf(Reason.class);
    private final Set<HomePid> planned = new HashSet<>();

    /** A process with what the policy says about it. */
    record Candidate(ProcessView process, ProcessTerms terms) {}

    /** Where a process could go, and what that brings. */
    record Choice(Candidate candidate, Standing target, Estimate estimate) {}

    Planner(ClusterView view, Policy policy, Holds holds) {
        this.view = view;
        this.policy = policy;
        this.holds = holds;
        this.round = new Round(view, policy);
        this.judge = new Judge(round);
        for (ProcessView p : view.processes()) {
            candidates.add(
                    new Candidate(p, ProcessTerms.of(policy, p, round.own.view, round.cluster)));
        }
        // high priority first, then by name, so that the order of the list plays no part
        candidates.sort(
                Comparator.comparingInt((Candidate c) -> -c.terms.priority())
                        .thenComparing(c -> c.process.process().home())
                        .thenComparingInt(c -> c.process.process().pid())
                        .thenComparingLong(c -> c.process.process().startTicks()));
    }

    Decision plan() {
        if (!candidates.isEmpty()) {
            obeyRules();
            giveWayToOwner();
            drain();
            keepReservation();
            usherMemory();
            bringBack();
            if (policy.balance().spread() == Spread.PACK) {
                consolidate();
            }
            balance();
        }
        return new Decision(now, waiting, measures, holds.next(present, view.nowMillis()));
    }

    private void obeyRules() {
        Set<Integer> apartHere = new HashSet<>();
        for (Candidate c : candidates) {
            ProcessView p = c.process;
            NodeId bound = p.pin().orElse(c.terms.pinned() ? p.process().home() : view.self());
            boolean broken = !bound.equals(view.self()) || Judge.rule(c.terms, round.own) != null;
            boolean crowded = false;
            for (int rule : c.terms.apartRules()) {
                crowded |= !apartHere.add(rule);
            }
            if (broken) {
                propose(best(c, (_, _) -> true), Reason.SATISFY_RULE, Long.MAX_VALUE);
            } else if (crowded) {
                // nobody tells which processes other nodes have: the target refuses if it has one
                propose(
                        best(c, (t, _) -> !judge.wouldReturn(p, t.view.node())),
                        Reason.SATISFY_RULE,
                        Long.MAX_VALUE);
            }
        }
    }

    private void giveWayToOwner() {
        boolean ownerHere = view.ownerSinceMillis().isPresent() && round.own.terms.ownerFirst();
        if (!ownerHere) {
            if (round.own.terms.ownerFirst()) {
                guests().forEach(c -> measure(c, Measure.Kind.RESTORE));
            }
            return;
        }
        long since = view.ownerSinceMillis().getAsLong();
        long past = view.nowMillis() - since;
        long deadline = since + policy.owner().within().toMillis();
        for (Candidate c : guests()) {
            measure(c, Measure.Kind.RENICE);
            if (past >= policy.owner().freezeAfter().toMillis()) {
                measure(c, Measure.Kind.FREEZE);
            }
            if (past >= policy.owner().leaveAfter().toMillis()) {
                leave(c, Reason.OWNER_RETURNED, deadline);
            }
        }
    }

    private void drain() {
        if (view.own().facts().doors().draining()) {
            long deadline = view.drainDeadlineMillis().orElse(Long.MAX_VALUE);
            for (Candidate c : candidates) {
                leave(c, Reason.NODE_DRAINING, deadline);
            }
        }
    }

    /** To the best node, or, when no other takes it, home: that cannot refuse its own. */
    private void leave(Candidate c, Reason reason, long deadline) {
        Choice choice = best(c, (_, _) -> true);
        if (choice == null && c.process.isGuest() && movable(c)) {
            Standing home = round.find(c.process.process().home());
            if (home != null && Judge.alive(home) && !home.view.facts().doors().diskFull()) {
                choice = new Choice(c, home, judge.estimate(c.process, c.terms, home));
            }
        }
        propose(choice, reason, deadline);
    }

    private void keepReservation() {
        Standing own = round.own;
        for (Candidate c : guests()) {
            boolean memory = own.available() < own.terms.reservedBytes();
            if (own.guests() > own.terms.maxGuests() || memory) {
                propose(
                        best(c, (t, _) -> !judge.wouldReturn(c.process, t.view.node())),
                        Reason.SATISFY_RESERVATION,
                        Long.MAX_VALUE);
            }
        }
    }

    /**
     * Memory ushering (Barak and Braverman, Microprocessors and Microsystems 22, 1998): before the
     * node swaps, the smallest process whose departure restores the mark goes to a node that stays
     * above its own mark; balance plays no part.
     */
    private void usherMemory() {
        Standing own = round.own;
        double mark = policy.memory().lowWater() * own.memory;
        double pressure = own.view.facts().use().psi().memory();
        boolean pressed = pressure > policy.memory().pressure();
        // pressure is a mean of ten seconds: one departure, then it is looked at again
        int atMost = pressed ? 1 : policy.balance().movesAtOnce();
        for (int i = 0; i < atMost && (own.available() < mark || pressed); i++) {
            double need = Math.max(mark - own.available(), 0.02 * own.memory);
            Choice choice = null;
            for (Candidate c : candidates) {
                Choice here =
                        planned.contains(c.process.process())
                                        || c.process.usage().rssBytes() < 0.005 * own.memory
                                ? null
                                : best(
                                        c,
                                        (t, _) ->
                                                !judge.wouldReturn(c.process, t.view.node())
                                                        && t.view.facts().use().psi().memory()
                                                                < policy.memory().pressure());
                if (here != null && (choice == null || rather(here, choice, need))) {
                    choice = here;
                }
            }
            if (choice == null) {
                return;
            }
            propose(choice, Reason.MEMORY_SHORT, Long.MAX_VALUE);
        }
    }

    private static boolean rather(Choice a, Choice b, double need) {
        long ra = a.candidate.process.usage().rssBytes();
        long rb = b.candidate.process.usage().rssBytes();
        boolean enoughA = ra >= need;
        boolean enoughB = rb >= need;
        if (enoughA != enoughB) {
            return enoughA;
        }
        return enoughA ? ra < rb : ra > rb;
    }

    private void bringBack() {
        for (Candidate c : candidates) {
            ProcessView p = c.process;
            if (p.moves().isEmpty() || !p.moves().getFirst().forDrain() || !movable(c)) {
                continue;
            }
            Standing old = round.find(p.moves().getFirst().from());
            if (old == null || old == round.own || judge.forbids(p, c.terms, old) != null) {
                continue;
            }
            Estimate e = judge.estimate(p, c.terms, old);
            boolean homewards = old.view.node().equals(p.process().home());
            if (e.speedThere() >= (homewards ? 0.7 : 0.95) * e.speedHere()) {
                byChoice(new Choice(c, old, e), Reason.BRING_BACK);
            }
        }
    }

    /** Empties a node with little to do into nodes that have more, if it can be emptied whole. */
    private void consolidate() {
        double load = round.own.wanted() / round.own.cores;
        if (load >= policy.balance().packFloor()) {
            return;
        }
        for (Candidate c : candidates) {
            if (planned.contains(c.process.process())
                    || judge.mustStay(c.process, c.terms) != null) {
                continue;
            }
            Choice choice =
                    best(
                            c,
                            (t, e) -> {
                                double there = t.wanted() / t.cores;
                                boolean fuller =
                                        there > load + 0.01
                                                || (there >= load - 0.01
                                                        && t.view.node().compareTo(view.self())
                                                                < 0);
                                return fuller
                                        && t.wanted() > 0
                                        && t.wanted() + c.process.usage().demand()
                                                <= policy.balance().packCeiling() * t.cores
                                        && e.speedThere() >= 0.9 * e.speedHere()
                                        && !judge.wouldReturn(c.process, t.view.node());
                            });
            byChoice(choice, Reason.CONSOLIDATE);
        }
    }

    /** The moves that gain most, one after the other, each seeing what the ones before changed. */
    private void balance() {
        List<Candidate> open = new ArrayList<>();
        for (Candidate c : candidates) {
            if (!Judge.wantsNothing(c.process)
                    && !planned.contains(c.process.process())
                    && judge.mustStay(c.process, c.terms) == null) {
                open.add(c);
            }
        }
        while (!open.isEmpty() && now.size() + waiting.size() < policy.balance().movesAtOnce()) {
            Choice most = null;
            for (Candidate c : open) {
                Choice choice = best(c, (t, e) -> judge.notWorth(c.process, c.terms, t, e) == null);
                if (choice != null && (most == null || gainsMore(choice, most))) {
                    most = choice;
                }
            }
            if (most == null) {
                return;
            }
            open.remove(most.candidate);
            byChoice(most, judge.reason(most.candidate.process, most.candidate.terms, most.target));
        }
    }

    private static boolean gainsMore(Choice a, Choice b) {
        int pa = a.candidate.terms.priority();
        int pb = b.candidate.terms.priority();
        return pa != pb ? pa > pb : a.estimate.secondsSaved() > b.estimate.secondsSaved();
    }

    /** The best permitted node that passes; null when there is none. */
    private @Nullable Choice best(Candidate c, BiPredicate<Standing, Estimate> passes) {
        if (!movable(c)) {
            return null;
        }
        Choice found =
                best(
                        c,
                        c.terms.picky() || c.process.pin().isPresent()
                                ? round.all
                                : round.promising(),
                        passes);
        Standing home = round.find(c.process.process().home());
        if (home != null && home != round.own) {
            found = better(c, home, found, passes);
        }
        return found == null && round.promising().size() < round.all.size()
                ? best(c, round.all, passes)
                : found;
    }

    private @Nullable Choice best(
            Candidate c, List<Standing> among, BiPredicate<Standing, Estimate> passes) {
        Choice found = null;
        for (Standing target : among) {
            found = better(c, target, found, passes);
        }
        return found;
    }

    private @Nullable Choice better(
            Candidate c,
            Standing target,
            @Nullable Choice found,
            BiPredicate<Standing, Estimate> passes) {
        if (target == round.own
                || (found != null && target == found.target)
                || judge.forbids(c.process, c.terms, target) != null) {
            return found;
        }
        Estimate e = judge.estimate(c.process, c.terms, target);
        if (!passes.test(target, e)) {
            return found;
        }
        return found == null || judge.better(c.process, target, e, found.target, found.estimate)
                ? new Choice(c, target, e)
                : found;
    }

    private static boolean movable(Candidate c) {
        return c.process.obstacle().isEmpty();
    }

    private List<Candidate> guests() {
        return candidates.stream().filter(c -> c.process.isGuest()).toList();
    }

    private void measure(Candidate c, Measure.Kind kind) {
        measures.add(new Measure(c.process.process(), kind));
    }

    private void propose(@Nullable Choice choice, Reason reason, long deadline) {
        if (choice != null && !planned.contains(choice.candidate.process.process())) {
            take(choice);
            now.add(proposal(choice, reason, deadline));
        }
    }

    private void byChoice(@Nullable Choice choice, Reason reason) {
        if (choice == null || planned.contains(choice.candidate.process.process())) {
            return;
        }
        present.add(reason);
        take(choice);
        boolean lasted =
                policy.balance().hold().isZero()
                        || holds.lasted(
                                reason, view.nowMillis(), policy.balance().hold().toMillis());
        (lasted ? now : waiting).add(proposal(choice, reason, Long.MAX_VALUE));
    }

    private void take(Choice choice) {
        ProcessView p = choice.candidate.process;
        planned.add(p.process());
        double demand = p.usage().demand();
        double bytes = p.usage().rssBytes();
        round.own.leave(demand, bytes, p.isGuest());
        choice.target.arrive(demand, bytes, Judge.isGuestOn(p, choice.target));
    }

    private Proposal proposal(Choice choice, Reason reason, long deadline) {
        boolean automatic =
                switch (policy.automation()) {
                    case MANUAL -> false;
                    case PARTIAL -> reason.mandatory();
                    case FULL -> true;
                };
        // an owner and an administrator who drains have asked for it themselves
        boolean asked = reason == Reason.OWNER_RETURNED || reason == Reason.NODE_DRAINING;
        return new Proposal(
                choice.candidate.process.process(),
                view.self(),
                choice.target.view.node(),
                reason,
                choice.estimate,
                automatic || asked,
                deadline);
    }
}
