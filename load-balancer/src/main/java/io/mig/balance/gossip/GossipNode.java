package io.mig.balance.gossip;

import io.mig.balance.view.NodeFacts;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One node's part in gossip: membership and failure detection after SWIM (Das, Gupta, Motivala, DSN
 * 2002), load facts as its load.
 *
 * <p>Once per period it pings one member, all in turn in shuffled order, and answers the pings it
 * gets; facts and claims ride on both, so traffic per node does not depend on the size of the
 * cluster. Who does not answer is tried through others, then suspected, then dead; a suspect that
 * lives refutes it. Dead members are tried again now and then, which is how the halves of a
 * partition find each other.
 *
 * <p>One owner thread. Nothing is sent from here: the caller sends what is returned, and may lose
 * it.
 */
public final class GossipNode {
    private static final int SYNC_BYTES = 1200;

    private final NodeId self;
    private final GossipConfig config;
    private final Random random;
    private final MemberTable members;
    private final LoadTable loads;

    private final List<NodeId> turn = new ArrayList<>();
    private final Map<NodeId, Probe> probes = new HashMap<>();
    private final Map<Long, Asked> askedForOthers = new HashMap<>();
    private long lastNumber;
    private long period;
    private long policyVersion;
    private @Nullable NodeId newerPolicyAt;
    private long newerPolicyVersion;
    private int syncFrom;
    private boolean synced;

    /** A ping that was not answered yet. */
    private static final class Probe {
        int periods;
    }

    /** A ping sent on behalf of another node. */
    private record Asked(NodeId by, long number, long period) {}

    /**
     * @param firstIncarnation as time in seconds, so that a node that is started anew beats what
     *     was said of it before; corrected by what others say when its clock was set back
     * @param seeds nodes to begin with
     */
    public GossipNode(
            NodeId self,
            long firstIncarnation,
            Collection<NodeId> seeds,
            GossipConfig config,
            Random random) {
        this.self = self;
        this.config = config;
        this.random = random;
        this.members = new MemberTable(self, firstIncarnation, config.maxMembers());
        this.loads =
                new LoadTable(self, config.window(), config.maxAgeMillis(), firstIncarnation << 16);
        seeds.forEach(members::seed);
    }

    /**
     * One period has passed.
     *
     * @param nowMillis a clock that only goes forward
     */
    public List<Outgoing> tick(long nowMillis) {
        period++;
        List<Outgoing> out = new ArrayList<>();
        judgeProbes(out, nowMillis);
        int doublings = 33 - Integer.numberOfLeadingZeros(members.size());
        for (NodeId buried :
                members.bury(1000L * config.suspicionPeriods() * doublings, nowMillis)) {
            loads.forget(buried);
        }
        members.forget(config.rememberMillis(), nowMillis);
        askedForOthers.values().removeIf(a -> a.period() < period - 3);
        NodeId next = nextInTurn();
        if (next != null) {
            probes.computeIfAbsent(next, _ -> new Probe());
            out.add(ping(next, nowMillis));
        }
        if (period % config.healPeriods() == 0) {
            for (NodeId dead : members.some(1, MemberState.DEAD, self, random)) {
                out.add(ping(dead, nowMillis));
            }
        }
        if (!synced) {
            for (NodeId teacher : members.some(1, MemberState.ALIVE, self, random)) {
                out.add(
                        new Outgoing(
                                teacher,
                                new GossipMessage.SyncRequest(
                                        syncFrom, payload(teacher, 1, true, nowMillis))));
            }
        }
        return out;
    }

    private void judgeProbes(List<Outgoing> out, long nowMillis) {
        for (Iterator<Map.Entry<NodeId, Probe>> it = probes.entrySet().iterator(); it.hasNext(); ) {
            Map.Entry<NodeId, Probe> e = it.next();
            int periods = ++e.getValue().periods;
            if (periods == 1) {
                for (NodeId helper : someAlive(config.helpers(), e.getKey())) {
                    out.add(
                            new Outgoing(
                                    helper,
                                    new GossipMessage.PingRequest(
                                            ++lastNumber,
                                            e.getKey(),
                                            payload(helper, 1, true, nowMillis))));
                }
            } else {
                it.remove();
                members.claim(e.getKey(), MemberState.SUSPECT, nowMillis);
            }
        }
    }

    /** A message arrived from a node whose name the transport vouches for. */
    public List<Outgoing> receive(NodeId from, GossipMessage message, long nowMillis) {
        take(from, message.payload(), nowMillis);
        return switch (message) {
            case GossipMessage.Ping p ->
                    List.of(
                            new Outgoing(
                                    from,
                                    new GossipMessage.Ack(
                                            p.number(),
                                            self,
                                            payload(from, config.factsPerAck(), true, nowMillis))));
            case GossipMessage.Ack a -> answered(a, nowMillis);
            case GossipMessage.PingRequest r -> {
                long number = ++lastNumber;
                askedForOthers.put(number, new Asked(from, r.number(), period));
                yield List.of(
                        new Outgoing(
                                r.about(),
                                new GossipMessage.Ping(
                                        number, payload(r.about(), 1, true, nowMillis))));
            }
            case GossipMessage.SyncRequest s -> {
                int begin = Math.max(0, s.from());
                List<Rumor> piece = members.piece(begin, SYNC_BYTES);
                int end = begin + piece.size();
                int next = end >= members.size() - 1 || piece.isEmpty() ? 0 : end;
                yield List.of(
                        new Outgoing(
                                from,
                                new GossipMessage.Sync(
                                        next,
                                        new GossipMessage.Payload(
                                                policyVersion, piece, List.of()))));
            }
            case GossipMessage.Sync s -> {
                synced = s.next() == 0;
                syncFrom = s.next();
                yield List.of();
            }
            case GossipMessage.Tell _ -> List.of();
        };
    }

    private List<Outgoing> answered(GossipMessage.Ack ack, long nowMillis) {
        probes.remove(ack.about());
        Asked asked = askedForOthers.remove(ack.number());
        return asked == null
                ? List.of()
                : List.of(
                        new Outgoing(
                                asked.by(),
                                new GossipMessage.Ack(
                                        asked.number(),
                                        ack.about(),
                                        payload(asked.by(), 1, true, nowMillis))));
    }

    private void take(NodeId from, GossipMessage.Payload payload, long nowMillis) {
        for (Rumor rumor : payload.rumors()) {
            boolean changed = members.hear(rumor, nowMillis);
            if (changed && rumor.state().compareTo(MemberState.DEAD) >= 0) {
                loads.forget(rumor.node());
            }
        }
        for (AgedFact fact : payload.facts()) {
            NodeId about = fact.fact().facts().node();
            MemberState state = members.state(about);
            if (state == null && !about.equals(self)) {
                members.hear(new Rumor(about, MemberState.ALIVE, 0), nowMillis);
            }
            if (state != MemberState.DEAD && state != MemberState.LEFT) {
                loads.merge(fact, nowMillis);
            }
        }
        if (payload.policyVersion() > Math.max(policyVersion, newerPolicyVersion)) {
            newerPolicyAt = from;
            newerPolicyVersion = payload.policyVersion();
        }
    }

    /**
     * This node looked at itself, once per period before {@link #tick}, or at once when something
     * happened.
     *
     * @return what to send without waiting for the next period; nothing unless it is urgent
     */
    public List<Outgoing> publish(NodeFacts facts, long nowMillis) {
        return loads.publish(facts, nowMillis) == Urgency.URGENT ? tellSome(nowMillis) : List.of();
    }

    /** This node goes away on purpose. */
    public List<Outgoing> leave(long nowMillis) {
        members.leave();
        return tellSome(nowMillis);
    }

    private List<Outgoing> tellSome(long nowMillis) {
        List<Outgoing> out = new ArrayList<>();
        for (NodeId node : someAlive(config.urgentFanout(), self)) {
            out.add(new Outgoing(node, new GossipMessage.Tell(payload(node, 1, true, nowMillis))));
        }
        return out;
    }

    /** The transport knows already that a node is not there: no need to wait for a ping. */
    public void unreachable(NodeId node, long nowMillis) {
        members.claim(node, MemberState.SUSPECT, nowMillis);
    }

    /** A node told its load in a refusal or an answer. */
    public void correct(NodeFacts facts, long nowMillis) {
        loads.correct(facts, nowMillis);
    }

    /** Which signed policy this node obeys. */
    public void obeys(long version) {
        policyVersion = version;
        if (newerPolicyVersion <= version) {
            newerPolicyAt = null;
            newerPolicyVersion = 0;
        }
    }

    /** Who has a newer policy: ask it, then say {@link #obeys}. Handed out once per version. */
    public Optional<NodeId> takeNewerPolicyAt() {
        NodeId node = newerPolicyAt;
        newerPolicyAt = null;
        return Optional.ofNullable(node);
    }

    /** All other members. */
    public Map<NodeId, MemberState> members() {
        return members.all();
    }

    /** The facts about others, with ages. */
    public LoadTable loads() {
        return loads;
    }

    private Outgoing ping(NodeId to, long nowMillis) {
        return new Outgoing(
                to,
                new GossipMessage.Ping(
                        ++lastNumber, payload(to, config.factsPerPing(), false, nowMillis)));
    }

    private GossipMessage.Payload payload(NodeId to, int facts, boolean newsOnly, long nowMillis) {
        return new GossipMessage.Payload(
                policyVersion,
                members.select(to, config.rumorsPerMessage()),
                loads.select(facts, newsOnly, members.size(), nowMillis));
    }

    /** All members once, in shuffled order, then again: each is looked at within 2n periods. */
    private @Nullable NodeId nextInTurn() {
        for (int round = 0; round < 2; round++) {
            while (!turn.isEmpty()) {
                NodeId node = turn.removeLast();
                MemberState state = members.state(node);
                if (state == MemberState.ALIVE || state == MemberState.SUSPECT) {
                    return node;
                }
            }
            turn.addAll(members.with(s -> s == MemberState.ALIVE || s == MemberState.SUSPECT));
            Collections.shuffle(turn, random);
        }
        return null;
    }

    private List<NodeId> someAlive(int count, NodeId but) {
        return members.some(count, MemberState.ALIVE, but, random);
    }
}
