package io.mig.agent.balance;

import io.mig.balance.decide.TrustLedger;
import io.mig.balance.view.NodeView;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What nodes promised for the processes that were sent to them, and what came of it. Some seconds
 * after each arrival the node is asked how much processor time the process really had; that is
 * compared with what its own tidings say a program gets there, then and now, so a node that became
 * full honestly is not blamed. One owner thread; whoever asks does so elsewhere.
 */
final class Promises {
    /** Long enough to be measured, short enough to spare the next ones the same. */
    static final long CHECK_MILLIS = 5_000;

    private static final int MOST = 64;

    /** Who wanted to run for less than this says nothing about a node. */
    private static final double LEAST_SECONDS = 1;

    private final TrustLedger ledger = new TrustLedger();
    private final List<Promise> open = new ArrayList<>();

    /**
     * A process that was sent away.
     *
     * @param speed that the node's tidings promised, its trust left aside
     */
    record Promise(HomePid process, NodeId node, double speed, long dueMillis) {}

    /**
     * What a process had since it came.
     *
     * @param work seconds of a processor of speed 1
     * @param wantedSeconds in which it ran or waited for a processor
     */
    record Progress(double work, double wantedSeconds) {}

    /** Takes note of an arrival; the promise is to be checked later. */
    void made(HomePid process, NodeView node, double demand, long nowMillis) {
        if (open.size() < MOST) {
            double speed = claim(node, demand + node.announced().runnable());
            open.add(new Promise(process, node.node(), speed, nowMillis + CHECK_MILLIS));
        }
    }

    /** Those whose time has come; they are forgotten here. */
    List<Promise> due(long nowMillis) {
        List<Promise> due = open.stream().filter(p -> p.dueMillis <= nowMillis).toList();
        open.removeAll(due);
        return due;
    }

    /**
     * Settles a promise.
     *
     * @param claimed what is known of the node now, by its own words
     * @return what is to be told to people, once when a node has lost all trust
     */
    Optional<String> settle(Promise promise, Progress had, NodeView claimed, long nowMillis) {
        if (had.wantedSeconds < LEAST_SECONDS) {
            return Optional.empty();
        }
        double promised = Math.min(promise.speed, claim(claimed, 0));
        double delivered = had.work / had.wantedSeconds;
        boolean trusted = ledger.of(promise.node, nowMillis) >= TrustLedger.LEAST;
        boolean broken = ledger.observe(promise.node, promised, delivered, nowMillis);
        return broken && trusted && ledger.of(promise.node, nowMillis) < TrustLedger.LEAST
                ? Optional.of(
                        String.format(
                                Locale.ROOT,
                                "%s gave %s a speed of %.2f, where what it tells of makes %.2f; it gets"
                                        + " nothing by choice for some minutes",
                                promise.node,
                                promise.process.brief(),
                                delivered,
                                promised))
                : Optional.empty();
    }

    /** The speed of a program there by what the node tells, with {@code more} programs. */
    static double claim(NodeView node, double more) {
        var facts = node.facts();
        double cores = facts.capacity().cores();
        double share = Math.min(1, cores / Math.max(facts.use().runnable() + more, 1e-3));
        return facts.capacity().speed() * share * (1 - Math.min(0.95, facts.use().psi().memory()));
    }

    double trust(NodeId node, long nowMillis) {
        return Math.max(0.01, ledger.of(node, nowMillis));
    }

    /** Nodes that get nothing by choice now, and why. */
    Map<NodeId, String> doubts(Iterable<NodeId> nodes, long nowMillis) {
        Map<NodeId, String> doubts = new TreeMap<>();
        for (NodeId node : nodes) {
            if (ledger.of(node, nowMillis) < TrustLedger.LEAST) {
                doubts.put(
                        node,
                        "it gave "
                                + ledger.broken(node)
                                + " arrivals much less speed than it told of, so it gets nothing by"
                                + " choice for some minutes");
            }
        }
        return doubts;
    }
}
