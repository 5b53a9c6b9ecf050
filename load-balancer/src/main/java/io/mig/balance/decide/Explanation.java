package io.mig.balance.decide;

import io.mig.balance.policy.Policy;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.ProcessView;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Why a process is proposed to move, or stays; the answer to {@code mig why}.
 *
 * @param process which
 * @param node where it is
 * @param proposal the move that is proposed now; empty when it stays
 * @param stays why it stays; empty when it moves, or when only the nodes' answers say it
 * @param detail to {@code stays}, empty when there is none
 * @param nodes what speaks against each other node
 */
public record Explanation(
        HomePid process,
        NodeId node,
        Optional<Proposal> proposal,
        Optional<WhyNot> stays,
        String detail,
        List<NodeAnswer> nodes) {

    /**
     * One node.
     *
     * @param node which
     * @param why what is against it; empty when nothing is
     * @param detail figures to that
     * @param estimate what a move there would bring
     */
    public record NodeAnswer(NodeId node, Optional<WhyNot> why, String detail, Estimate estimate) {}

    public Explanation {
        nodes = List.copyOf(nodes);
    }

    static Explanation of(ClusterView view, Policy policy, Decision decision, ProcessView p) {
        Round round = new Round(view, policy);
        Judge judge = new Judge(round);
        ProcessTerms terms = ProcessTerms.of(policy, p, round.own.view, round.cluster);
        Optional<Proposal> proposal = find(decision.proposals(), p);
        List<NodeAnswer> answers = new ArrayList<>();
        boolean worthwhile = false;
        for (Standing target : round.all) {
            if (target == round.own) {
                continue;
            }
            Estimate e = judge.estimate(p, terms, target);
            WhyNot forbids = judge.forbids(p, terms, target);
            WhyNot why = forbids != null ? forbids : judge.notWorth(p, terms, target, e);
            worthwhile |= why == null;
            answers.add(
                    new NodeAnswer(
                            target.view.node(),
                            Optional.ofNullable(why),
                            why == null ? "" : detail(why, p, terms, target, e, round),
                            e));
        }
        Optional<WhyNot> stays = Optional.empty();
        String detail = "";
        if (proposal.isEmpty()) {
            stays = Optional.ofNullable(judge.mustStay(p, terms));
            if (stays.isPresent()) {
                detail = own(stays.get(), p, terms, policy);
            } else if (find(decision.waiting(), p).isPresent()) {
                stays = Optional.of(WhyNot.HOLDING);
                detail = "hold=" + policy.balance().hold().toMillis() + "ms";
            } else if (worthwhile) {
                stays = Optional.of(WhyNot.OTHERS_FIRST);
                detail = "moves_at_once=" + policy.balance().movesAtOnce();
            }
        }
        return new Explanation(p.process(), view.self(), proposal, stays, detail, answers);
    }

    private static Optional<Proposal> find(List<Proposal> proposals, ProcessView p) {
        return proposals.stream().filter(x -> x.process().equals(p.process())).findFirst();
    }

    private static String own(WhyNot why, ProcessView p, ProcessTerms terms, Policy policy) {
        return switch (why) {
            case CANNOT_MOVE -> p.obstacle().orElse("");
            case PINNED -> p.pin().map(n -> "to " + n).orElse("to its home by a rule");
            case TOO_YOUNG_HERE ->
                    String.format(
                            Locale.ROOT,
                            "%.1f s of %.1f s",
                            p.residencyMillis() / 1000.0,
                            policy.balance().minimumResidency().toMillis() / 1000.0);
            case TOO_MANY_MOVES -> p.movesLastHour() + " moves, at most " + terms.maxMovesPerHour();
            case NOT_NOW -> String.valueOf(terms.moveWhen());
            case SAME_NODE,
                    NODE_DEAD,
                    NODE_SUSPECT,
                    FACTS_TOO_OLD,
                    CORDONED,
                    DRAINING,
                    OWNER_PRESENT,
                    DISK_FULL,
                    NOT_TRUSTED,
                    TOO_MANY_GUESTS,
                    NO_MEMORY,
                    RESERVED,
                    MISSING_FEATURE,
                    RULE_ONLY,
                    RULE_NEVER,
                    NOT_ACCEPTED,
                    WOULD_RETURN,
                    PAUSE_TOO_LONG,
                    NO_GAIN,
                    GAIN_TOO_SMALL,
                    COST_TOO_HIGH,
                    CLUSTER_WORSE,
                    LAST_PLACE,
                    DIAL_ONE,
                    HOLDING,
                    OTHERS_FIRST,
                    FILLED_UP ->
                    "";
        };
    }

    private static String detail(
            WhyNot why, ProcessView p, ProcessTerms terms, Standing t, Estimate e, Round round) {
        return switch (why) {
            case FACTS_TOO_OLD ->
                    String.format(Locale.ROOT, "%.0f s old", t.view.ageMillis() / 1000.0);
            case TOO_MANY_GUESTS -> t.guests() + " of " + t.terms.maxGuests();
            case NO_MEMORY ->
                    String.format(
                            Locale.ROOT,
                            "needs %.0f MB, free %.0f MB of %.0f MB",
                            p.usage().rssBytes() / 1e6,
                            t.available() / 1e6,
                            t.memory / 1e6);
            case RESERVED ->
                    String.format(
                            Locale.ROOT,
                            "wanted %.1f of %.1f processors left for guests",
                            t.wanted() + p.usage().demand(),
                            t.coresFor(true));
            case MISSING_FEATURE -> Judge.missing(p, t);
            case NOT_TRUSTED ->
                    String.format(
                            Locale.ROOT,
                            "trusted at %.2f, at least %.2f is asked for",
                            t.view.trust(),
                            TrustLedger.LEAST);
            case RULE_ONLY -> String.valueOf(terms.only());
            case RULE_NEVER -> String.valueOf(terms.never());
            case NOT_ACCEPTED -> String.valueOf(t.terms.acceptWhen());
            case PAUSE_TOO_LONG ->
                    String.format(
                            Locale.ROOT,
                            "%.0f ms, at most %d ms",
                            e.cost().freezeSeconds() * 1000,
                            terms.maxPauseMillis());
            case NO_GAIN ->
                    String.format(
                            Locale.ROOT,
                            "speed %.2f there, %.2f here",
                            e.speedThere(),
                            e.speedHere());
            case GAIN_TOO_SMALL ->
                    String.format(
                            Locale.ROOT,
                            "saves %.0f %%, at least %.0f %% are asked for",
                            e.shareSaved() * 100,
                            round.policy.minimumImprovement() * 100);
            case COST_TOO_HIGH ->
                    String.format(
                            Locale.ROOT,
                            "has run %.1f s, would lose %.2f s by moving",
                            e.workLeft(),
                            e.cost().lostSeconds());
            case CLUSTER_WORSE ->
                    String.format(
                            Locale.ROOT,
                            "opportunity cost %.2f instead of %.2f",
                            e.clusterAfter(),
                            e.clusterBefore());
            case WOULD_RETURN ->
                    String.format(
                            Locale.ROOT,
                            "no_return is %.0f s",
                            round.policy.balance().noReturn().toMillis() / 1000.0);
            case PINNED -> p.pin().map(n -> "to " + n).orElse("to its home by a rule");
            case SAME_NODE,
                    NODE_DEAD,
                    NODE_SUSPECT,
                    CORDONED,
                    DRAINING,
                    OWNER_PRESENT,
                    DISK_FULL,
                    CANNOT_MOVE,
                    TOO_YOUNG_HERE,
                    TOO_MANY_MOVES,
                    NOT_NOW,
                    LAST_PLACE,
                    DIAL_ONE,
                    HOLDING,
                    OTHERS_FIRST,
                    FILLED_UP ->
                    "";
        };
    }

    /** For people, line by line. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (proposal.isPresent()) {
            lines.add(proposal.get().text());
        } else {
            lines.add(
                    process.brief()
                            + " stays on "
                            + node
                            + stays.map(w -> ": " + w.words() + bracket(detail))
                                    .orElse(": no other node is better"));
        }
        for (NodeAnswer answer : nodes) {
            lines.add(
                    "  "
                            + answer.node
                            + ": "
                            + answer.why
                                    .map(w -> w.words() + bracket(answer.detail))
                                    .orElse(
                                            String.format(
                                                    Locale.ROOT,
                                                    "would save %.1f s",
                                                    answer.estimate.secondsSaved())));
        }
        return lines;
    }

    private static String bracket(String detail) {
        return detail.isEmpty() ? "" : " (" + detail + ")";
    }
}
