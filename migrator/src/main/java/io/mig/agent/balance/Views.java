package io.mig.agent.balance;

import io.mig.balance.gossip.GossipNode;
import io.mig.balance.gossip.MemberState;
import io.mig.balance.view.Announced;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.Features;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeStatus;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.Partner;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Usage;
import io.mig.load.DirtyRate;
import io.mig.model.NodeId;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerNetwork;
import io.mig.transport.PeerState;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Puts together what is known for the decisions. One owner thread. */
final class Views {
    private final PeerNetwork network;
    private final GossipNode gossip;
    private final Departures departures;
    private final Promises promises;
    private final Features own;

    Views(
            PeerNetwork network,
            GossipNode gossip,
            Departures departures,
            Promises promises,
            String arch) {
        this.own = new Features(arch, Set.of(), "");
        this.network = network;
        this.gossip = gossip;
        this.departures = departures;
        this.promises = promises;
    }

    NodeView self(NodeFacts own, Announced arriving) {
        return NodeView.of(own, 0).withAnnounced(arriving);
    }

    /**
     * The same for a program that has not begun yet: all that is asked of home is its architecture.
     */
    ClusterView forBirth(ClusterView view) {
        Map<NodeId, NodeView> nodes = new TreeMap<>(view.nodes());
        nodes.computeIfPresent(view.self(), (_, node) -> node.withFeatures(own));
        return new ClusterView(
                view.self(),
                view.nowMillis(),
                nodes,
                view.processes(),
                view.ownerSinceMillis(),
                view.drainDeadlineMillis());
    }

    Map<NodeId, NodeView> nodes(NodeFacts own, Announced arriving, long now) {
        Map<NodeId, NodeView> nodes = new TreeMap<>();
        Map<NodeId, MemberState> members = gossip.members();
        gossip.loads()
                .each(
                        now,
                        (facts, age) -> {
                            NodeId node = facts.node();
                            NodeView view =
                                    NodeView.of(facts, age)
                                            .withStatus(
                                                    status(
                                                            members.getOrDefault(
                                                                    node, MemberState.DEAD)))
                                            .withAnnounced(departures.announced(node, age, now))
                                            .withLink(departures.link(node, now))
                                            .withTrust(promises.trust(node, now));
                            nodes.put(node, features(node).map(view::withFeatures).orElse(view));
                        });
        nodes.put(own.node(), self(own, arriving));
        return nodes;
    }

    private static NodeStatus status(MemberState state) {
        return switch (state) {
            case ALIVE -> NodeStatus.ALIVE;
            case SUSPECT -> NodeStatus.SUSPECT;
            case DEAD, LEFT -> NodeStatus.DEAD;
        };
    }

    private Optional<Features> features(NodeId node) {
        return Optional.of(network.state(node)).flatMap(PeerState::facts).map(Views::features);
    }

    private static Features features(PeerFacts facts) {
        return new Features(facts.arch(), facts.cpuFlags(), facts.criuVersion());
    }

    /**
     * Pipes and terminals of a guest end at its home, wherever their other ends are: what goes
     * through them goes over the line to home, and from there on if need be. Of a process at home
     * they are in what it does with files.
     */
    private static List<Partner> partners(Managed m) {
        return m.relayedBytesPerSecond() > 0
                ? List.of(
                        new Partner(m.process().home(), IoMeter.RELAY * m.relayedBytesPerSecond()))
                : List.of();
    }

    /** One process; one that is on its way has that as its obstacle. */
    ProcessView process(
            Managed m,
            Resident r,
            Optional<DirtyRate> dirty,
            double speed,
            boolean leaving,
            long now) {
        ProcessView view =
                ProcessView.of(
                                m.process(),
                                network.self(),
                                m.command(),
                                m.user(),
                                new Usage(
                                        m.demand(),
                                        m.residentBytes(),
                                        dirty.map(DirtyRate::bytesPerSecond)
                                                .orElse(Usage.UNKNOWN_DIRTY),
                                        m.homeBytesPerSecond(),
                                        r.earlierCpuSeconds() + m.cpuSeconds() * speed),
                                r.residencyMillis(now))
                        .withMoves(r.movesLastHour(now), r.history(now))
                        .withPartners(partners(m))
                        .withPin(r.pin().or(m::on).or(m::first))
                        .withMaxPause(m.maxPauseMillis());
        if (leaving) {
            return view.withObstacle("it is being moved");
        }
        return r.trouble(now).map(view::withObstacle).orElse(view);
    }
}
