package io.mig.balance.decide;

import io.mig.balance.policy.Expression;
import io.mig.balance.policy.FactScope;
import io.mig.balance.policy.Spread;
import io.mig.balance.view.NodeStatus;
import io.mig.balance.view.Partner;
import io.mig.balance.view.PastMove;
import io.mig.balance.view.ProcessView;
import io.mig.model.NodeId;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Judges one process on one node. The only place that knows what forbids a node and what a node is
 * worth; balancing, placing and explaining all ask here.
 */
final class Judge {
    private static final double NOT_PREFERRED = 0.7;
    private static final double MUCH = 0.34;
    private static final double LEAST_DEMAND = 0.002;

    private final Round round;

    Judge(Round round) {
        this.round = round;
    }

    /** What forbids that node, whatever is to be gained there; null when nothing does. */
    @Nullable WhyNot forbids(ProcessView p, ProcessTerms terms, Standing target) {
        WhyNot unfit = unfit(p, target);
        if (unfit != null) {
            return unfit;
        }
        if (!p.pin().map(target.view.node()::equals).orElse(true)
                || (terms.pinned() && !target.view.node().equals(p.process().home()))) {
            return WhyNot.PINNED;
        }
        WhyNot rule = rule(terms, target);
        if (rule != null) {
            return rule;
        }
        return full(p, target);
    }

    private @Nullable WhyNot unfit(ProcessView p, Standing target) {
        switch (target.view.status()) {
            case DEAD -> {
                return WhyNot.NODE_DEAD;
            }
            case SUSPECT -> {
                return WhyNot.NODE_SUSPECT;
            }
            case ALIVE -> {}
        }
        var doors = target.view.facts().doors();
        if (doors.draining()) {
            return WhyNot.DRAINING;
        }
        if (doors.diskFull()) {
            return WhyNot.DISK_FULL;
        }
        if (target.view.ageMillis() > round.policy.balance().maxFactAge().toMillis()) {
            return WhyNot.FACTS_TOO_OLD;
        }
        if (target.terms.cordoned()) {
            return WhyNot.CORDONED;
        }
        if (doors.ownerPresent() && isGuestOn(p, target)) {
            return WhyNot.OWNER_PRESENT;
        }
        if (!missing(p, target).isEmpty()) {
            return WhyNot.MISSING_FEATURE;
        }
        return null;
    }

    /** What the program needs and the node lacks; unknown features count as the needed ones. */
    static String missing(ProcessView p, Standing target) {
        return target.view.features().map(f -> f.missing(p.needs())).orElse("");
    }

    /** What a rule of the policy has against the node; null when nothing. */
    static @Nullable WhyNot rule(ProcessTerms terms, Standing target) {
        for (List<String> only : terms.only()) {
            if (!NodeTerms.anyNames(only, target.view)) {
                return WhyNot.RULE_ONLY;
            }
        }
        return NodeTerms.anyNames(terms.never(), target.view) ? WhyNot.RULE_NEVER : null;
    }

    private @Nullable WhyNot full(ProcessView p, Standing target) {
        boolean guest = isGuestOn(p, target);
        if (guest && target.guests() >= target.terms.maxGuests()) {
            return WhyNot.TOO_MANY_GUESTS;
        }
        double keep =
                Math.max(
                        guest ? (double) target.terms.reservedBytes() : 0,
                        round.policy.memory().keepFree() * target.memory);
        if (target.available() - p.usage().rssBytes() < keep) {
            return WhyNot.NO_MEMORY;
        }
        if (guest
                && target.terms.reservedCores() > 0
                && target.wanted() + p.usage().demand() > target.coresFor(true)) {
            return WhyNot.RESERVED;
        }
        FactScope scope = new FactScope(target.view, Optional.empty(), round.cluster);
        for (Expression accept : target.terms.acceptWhen()) {
            if (!accept.holds(scope)) {
                return WhyNot.NOT_ACCEPTED;
            }
        }
        return null;
    }

    /** What forbids moving it by choice at all; null when nothing does. */
    @Nullable WhyNot mustStay(ProcessView p, ProcessTerms terms) {
        if (p.obstacle().isPresent()) {
            return WhyNot.CANNOT_MOVE;
        }
        if (terms.pinned() || p.pin().isPresent()) {
            return WhyNot.PINNED;
        }
        if (round.policy.dial() == 1) {
            return WhyNot.DIAL_ONE;
        }
        if (p.residencyMillis() < round.policy.balance().minimumResidency().toMillis()) {
            return WhyNot.TOO_YOUNG_HERE;
        }
        if (p.movesLastHour() >= terms.maxMovesPerHour()) {
            return WhyNot.TOO_MANY_MOVES;
        }
        FactScope scope = new FactScope(round.own.view, Optional.of(p), round.cluster);
        for (Expression when : terms.moveWhen()) {
            if (!when.holds(scope)) {
                return WhyNot.NOT_NOW;
            }
        }
        return null;
    }

    /** Whether the node may get it by choice, as far as its word counts. Home always may. */
    static boolean trusts(ProcessView p, Standing target) {
        return target.view.trust() >= TrustLedger.LEAST || !isGuestOn(p, target);
    }

    /** Whether it left that node not long ago. */
    boolean wouldReturn(ProcessView p, NodeId target) {
        long noReturn = round.policy.balance().noReturn().toMillis();
        for (PastMove move : p.moves()) {
            if (move.from().equals(target) && move.agoMillis() < noReturn) {
                return true;
            }
        }
        return false;
    }

    /** What a move would bring, whether allowed or not. */
    Estimate estimate(ProcessView p, ProcessTerms terms, Standing target) {
        var usage = p.usage();
        double demand = usage.demand();
        double bytes = usage.rssBytes();
        double work = Math.max(demand, 1e-3);
        Standing own = round.own;
        double nearHere = nearness(p, terms, own);
        double nearThere = nearness(p, terms, target);
        double here =
                work
                        * own.speedAt(Math.max(own.wanted(), demand), own.coresFor(p.isGuest()))
                        * nearHere;
        double there =
                work
                        * target.speedAt(
                                target.wanted() + demand, target.coresFor(isGuestOn(p, target)))
                        * nearThere;
        // who waits for far files holds up a place for longer: that is load too
        double before =
                round.cost.of(own, demand / nearHere - demand, 0) + round.cost.of(target, 0, 0);
        double after =
                round.cost.of(own, -demand, -bytes)
                        + round.cost.of(target, demand / nearThere, bytes);
        return new Estimate(
                here,
                there,
                usage.cpuSeconds(),
                MoveCost.predict(usage, target.view.link()),
                before,
                after);
    }

    /**
     * What remains of its speed when files and partners are reached over the network. A node that
     * is not a preferred one counts like one that is slower by a third.
     */
    private static double nearness(ProcessView p, ProcessTerms terms, Standing where) {
        NodeId node = where.view.node();
        double line = where.view.link().bytesPerSecond();
        double busy = 0;
        if (!node.equals(p.process().home())) {
            busy += p.usage().homeBytesPerSecond() / line;
        }
        for (Partner partner : p.partners()) {
            if (!partner.node().equals(node)) {
                busy += partner.bytesPerSecond() / line;
            }
        }
        boolean second =
                !terms.prefer().isEmpty() && !NodeTerms.anyNames(terms.prefer(), where.view);
        return (second ? NOT_PREFERRED : 1) / (1 + busy);
    }

    /** What goes between it and partners on that node. */
    private static double talk(ProcessView p, NodeId node) {
        return p.partners().stream()
                .filter(partner -> partner.node().equals(node))
                .mapToDouble(Partner::bytesPerSecond)
                .sum();
    }

    /** Whether it wants so little that no processor is better than another. */
    static boolean wantsNothing(ProcessView p) {
        return p.usage().demand() < LEAST_DEMAND;
    }

    /** What speaks against a permitted move by choice; null when it should be made. */
    @Nullable WhyNot notWorth(ProcessView p, ProcessTerms terms, Standing target, Estimate e) {
        if (wantsNothing(p)) {
            return WhyNot.NO_GAIN;
        }
        if (!trusts(p, target)) {
            return WhyNot.NOT_TRUSTED;
        }
        if (wouldReturn(p, target.view.node())) {
            return WhyNot.WOULD_RETURN;
        }
        if (e.cost().freezeSeconds() * 1000 > terms.maxPauseMillis()) {
            return WhyNot.PAUSE_TOO_LONG;
        }
        if (round.policy.balance().spread() == Spread.PACK
                && !target.view.node().equals(p.process().home())
                && target.wanted() + p.usage().demand()
                        > round.policy.balance().packCeiling() * target.cores) {
            return WhyNot.FILLED_UP;
        }
        if (e.speedThere() <= e.speedHere() * 1.0001) {
            return WhyNot.NO_GAIN;
        }
        if (e.secondsSaved() <= 0) {
            return WhyNot.COST_TOO_HIGH;
        }
        if (e.shareSaved() < round.policy.minimumImprovement()) {
            return WhyNot.GAIN_TOO_SMALL;
        }
        if (e.clusterAfter() >= e.clusterBefore()) {
            return WhyNot.CLUSTER_WORSE;
        }
        return reason(p, terms, target) == Reason.FASTER_NODE
                        && e.shareSaved() < MUCH
                        && takesLastPlace(p, target)
                ? WhyNot.LAST_PLACE
                : null;
    }

    /**
     * A process that has a processor does not take the last free one of a faster node: new
     * programs, most of them short, need it more.
     */
    private static boolean takesLastPlace(ProcessView p, Standing target) {
        return target.wanted() + p.usage().demand() + 1 > target.coresFor(isGuestOn(p, target));
    }

    /** Which reason a gain has. */
    Reason reason(ProcessView p, ProcessTerms terms, Standing target) {
        Standing own = round.own;
        if (own.wanted() > own.coresFor(p.isGuest()) * 1.001) {
            return Reason.BALANCE_CPU;
        }
        double gainOfPlace = nearness(p, terms, target) / nearness(p, terms, own);
        if (gainOfPlace > 1.0001 && target.speed <= own.speed * gainOfPlace) {
            NodeId there = target.view.node();
            double files = there.equals(p.process().home()) ? p.usage().homeBytesPerSecond() : 0;
            return files > 0 && files >= talk(p, there) ? Reason.NEAR_FILES : Reason.NEAR_PARTNERS;
        }
        return own.view.facts().use().psi().memory() > target.view.facts().use().psi().memory()
                        && target.speed <= own.speed
                ? Reason.BALANCE_MEMORY
                : Reason.FASTER_NODE;
    }

    static boolean isGuestOn(ProcessView p, Standing target) {
        return !target.view.node().equals(p.process().home());
    }

    /** Orders permitted targets: the fastest first, the cheapest of equally fast ones. */
    boolean better(ProcessView p, Standing a, Estimate ea, Standing b, Estimate eb) {
        if (round.policy.balance().spread() == Spread.PACK) {
            double la = a.wanted() / a.cores;
            double lb = b.wanted() / b.cores;
            if (Math.abs(la - lb) > 0.05) {
                return la > lb;
            }
        }
        long ca = Math.round(Math.log(Math.max(1e-9, ea.speedThere())) * 20);
        long cb = Math.round(Math.log(Math.max(1e-9, eb.speedThere())) * 20);
        if (ca != cb) {
            return ca > cb;
        }
        double ma = ea.clusterAfter() - ea.clusterBefore();
        double mb = eb.clusterAfter() - eb.clusterBefore();
        double slack = 0.02 * (Math.abs(ma) + Math.abs(mb));
        if (Math.abs(ma - mb) > slack) {
            return ma < mb;
        }
        return mix(p, a) < mix(p, b);
    }

    /** Spreads equal choices over the nodes, the same way each time. */
    private static int mix(ProcessView p, Standing s) {
        int h = 31 * p.process().hashCode() + s.view.node().name().hashCode();
        h ^= h >>> 16;
        h *= 0x7feb352d;
        h ^= h >>> 15;
        h *= 0x846ca68b;
        return h ^ (h >>> 16);
    }

    static boolean alive(Standing s) {
        return s.view.status() == NodeStatus.ALIVE;
    }
}
