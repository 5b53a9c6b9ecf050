package io.mig.balance.sim;

import io.mig.balance.decide.ArrivalDesk;
import io.mig.balance.decide.Holds;
import io.mig.balance.gossip.LoadTable;
import io.mig.balance.view.Announced;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.Link;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.ProcessView;
import io.mig.model.NodeId;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What one node of the simulation knows and remembers: what an agent would. */
final class Brain {
    private static final long TICKET_MILLIS = 60_000;
    private static final double FORGET_SECONDS = 10;

    final NodeId id;
    final LoadTable loads;
    final ArrivalDesk desk = new ArrivalDesk(TICKET_MILLIS, 4);
    Holds holds = Holds.NONE;

    private final Link line;
    private final Map<NodeId, Sent> sent = new HashMap<>();

    /** What was sent to a node and may not be in its facts yet. */
    private record Sent(double at, Announced announced) {}

    Brain(NodeId id, int window, Link line) {
        this.id = id;
        this.line = line;
        this.loads = new LoadTable(id, window, 120_000, 0);
    }

    void sent(NodeId to, double bytes, double now) {
        sent.merge(
                to,
                new Sent(now, Announced.NOTHING.plus(1, (long) bytes)),
                (old, _) -> new Sent(now, old.announced.plus(1, (long) bytes)));
    }

    /** All that this node knows, with fresh figures of itself. */
    ClusterView view(NodeFacts own, List<ProcessView> processes, double now) {
        long millis = millis(now);
        for (Iterator<Sent> it = sent.values().iterator(); it.hasNext(); ) {
            if (it.next().at < now - FORGET_SECONDS) {
                it.remove();
            }
        }
        Map<NodeId, NodeView> nodes = new TreeMap<>();
        loads.each(
                millis,
                (facts, age) -> {
                    NodeView node = NodeView.of(facts, age).withLink(line);
                    Sent mine = sent.get(facts.node());
                    // a fact that is younger than what was sent has it in it already
                    boolean missing = mine != null && millis(mine.at) > millis - age;
                    nodes.put(
                            facts.node(),
                            missing && mine != null ? node.withAnnounced(mine.announced) : node);
                });
        nodes.put(id, NodeView.of(own, 0).withAnnounced(desk.announced()));
        return new ClusterView(id, millis, nodes, processes);
    }

    /** Only itself: enough to answer who wants to come. */
    ClusterView ownView(NodeFacts own, double now) {
        return new ClusterView(
                id,
                millis(now),
                Map.of(id, NodeView.of(own, 0).withAnnounced(desk.announced())),
                List.of());
    }

    static long millis(double seconds) {
        return Math.round(seconds * 1000);
    }
}
