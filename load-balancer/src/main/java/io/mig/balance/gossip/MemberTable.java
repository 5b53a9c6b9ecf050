package io.mig.balance.gossip;

import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** All members this node has heard of, and which claims about them to hand on. One owner. */
final class MemberTable {
    private final NodeId self;
    private final int most;
    private final Map<NodeId, Member> members = new HashMap<>();
    private final List<NodeId> order = new ArrayList<>();
    private final Set<Member> hot = new LinkedHashSet<>();
    private final Map<MemberState, Integer> counts = new EnumMap<>(MemberState.class);
    private int rotation;
    private long incarnation;
    private boolean leaving;

    private static final class Member {
        Rumor claim;
        long sinceMillis;
        int sent;

        Member(Rumor claim, long sinceMillis) {
            this.claim = claim;
            this.sinceMillis = sinceMillis;
        }
    }

    MemberTable(NodeId self, long incarnation, int most) {
        this.self = self;
        this.incarnation = incarnation;
        this.most = most;
    }

    Rumor own() {
        return new Rumor(self, leaving ? MemberState.LEFT : MemberState.ALIVE, incarnation);
    }

    void leave() {
        leaving = true;
        incarnation++;
    }

    /**
     * Takes a claim over if it beats what is held.
     *
     * @return whether it did
     */
    boolean hear(Rumor rumor, long nowMillis) {
        if (rumor.node().equals(self)) {
            if (!leaving
                    && rumor.incarnation() >= incarnation
                    && rumor.state() != MemberState.ALIVE) {
                incarnation = rumor.incarnation() + 1;
                return true;
            }
            incarnation = Math.max(incarnation, rumor.incarnation());
            return false;
        }
        Member member = members.get(rumor.node());
        if (member == null) {
            if (members.size() >= most) {
                return false;
            }
            Member added = new Member(rumor, nowMillis);
            members.put(rumor.node(), added);
            order.add(rumor.node());
            hot.add(added);
            counts.merge(rumor.state(), 1, Integer::sum);
            return true;
        }
        if (!rumor.beats(member.claim)) {
            return false;
        }
        if (rumor.state() != member.claim.state()) {
            member.sinceMillis = nowMillis;
            counts.merge(member.claim.state(), -1, Integer::sum);
            counts.merge(rumor.state(), 1, Integer::sum);
        }
        member.claim = rumor;
        member.sent = 0;
        hot.add(member);
        return true;
    }

    /** Begins with a node of which nothing is known but its name: no news for anybody. */
    void seed(NodeId node) {
        if (!node.equals(self) && !members.containsKey(node)) {
            hear(new Rumor(node, MemberState.ALIVE, 0), 0);
            hot.clear();
        }
    }

    int count(MemberState state) {
        return counts.getOrDefault(state, 0);
    }

    /** Some members in that state, at random; fewer when there are few. */
    List<NodeId> some(int count, MemberState state, NodeId but, Random random) {
        if (count(state) <= 4 * count || order.size() < 32) {
            List<NodeId> all = with(s -> s == state);
            all.remove(but);
            Collections.shuffle(all, random);
            return all.subList(0, Math.min(count, all.size()));
        }
        Set<NodeId> found = new LinkedHashSet<>();
        for (int tries = 0; found.size() < count && tries < 50 * count; tries++) {
            NodeId node = order.get(random.nextInt(order.size()));
            if (state(node) == state && !node.equals(but)) {
                found.add(node);
            }
        }
        return List.copyOf(found);
    }

    /** Makes a claim of one's own about a member as it is now. */
    void claim(NodeId node, MemberState state, long nowMillis) {
        Member member = members.get(node);
        if (member != null && member.claim.state().compareTo(state) < 0) {
            hear(new Rumor(node, state, member.claim.incarnation()), nowMillis);
        }
    }

    @Nullable MemberState state(NodeId node) {
        Member member = members.get(node);
        return member == null ? null : member.claim.state();
    }

    Optional<Rumor> about(NodeId node) {
        return Optional.ofNullable(members.get(node)).map(m -> m.claim);
    }

    List<NodeId> with(Predicate<MemberState> state) {
        List<NodeId> found = new ArrayList<>();
        for (NodeId node : order) {
            MemberState s = state(node);
            if (s != null && state.test(s)) {
                found.add(node);
            }
        }
        return found;
    }

    Map<NodeId, MemberState> all() {
        Map<NodeId, MemberState> all = new TreeMap<>();
        members.forEach((node, member) -> all.put(node, member.claim.state()));
        return all;
    }

    int size() {
        return members.size() + 1;
    }

    /** Suspects of longer than this become dead; returns them. */
    List<NodeId> bury(long suspicionMillis, long nowMillis) {
        List<NodeId> dead = new ArrayList<>();
        if (count(MemberState.SUSPECT) == 0) {
            return dead;
        }
        for (NodeId node : with(s -> s == MemberState.SUSPECT)) {
            Member member = members.get(node);
            if (member != null && nowMillis - member.sinceMillis >= suspicionMillis) {
                claim(node, MemberState.DEAD, nowMillis);
                dead.add(node);
            }
        }
        return dead;
    }

    /** Forgets who is gone for longer than this. */
    void forget(long rememberMillis, long nowMillis) {
        if (count(MemberState.DEAD) + count(MemberState.LEFT) == 0) {
            return;
        }
        List<NodeId> old = new ArrayList<>();
        members.forEach(
                (node, m) -> {
                    boolean gone = m.claim.state().compareTo(MemberState.DEAD) >= 0;
                    if (gone && nowMillis - m.sinceMillis >= rememberMillis) {
                        old.add(node);
                    }
                });
        for (NodeId node : old) {
            Member gone = members.remove(node);
            if (gone != null) {
                hot.remove(gone);
                counts.merge(gone.claim.state(), -1, Integer::sum);
                order.remove(node);
            }
        }
    }

    /**
     * What to claim in a message: oneself, what the receiver must know of itself, then what was
     * told least, and what is left of the room goes to members in turn.
     */
    List<Rumor> select(NodeId to, int count) {
        List<Rumor> chosen = new ArrayList<>(count);
        chosen.add(own());
        Member receiver = members.get(to);
        if (receiver != null && receiver.claim.state() != MemberState.ALIVE) {
            chosen.add(receiver.claim);
        }
        int often = 3 * (33 - Integer.numberOfLeadingZeros(size()));
        List<Member> least = new ArrayList<>(hot);
        least.sort(Comparator.<Member>comparingInt(m -> m.sent).thenComparing(m -> m.claim.node()));
        for (Member m : least) {
            if (chosen.size() >= count) {
                break;
            }
            if (++m.sent >= often) {
                hot.remove(m);
            }
            chosen.add(m.claim);
        }
        for (int i = 0; i < order.size() && chosen.size() < count; i++) {
            rotation = (rotation + 1) % order.size();
            Member m = members.get(order.get(rotation));
            if (m != null && !chosen.contains(m.claim)) {
                chosen.add(m.claim);
            }
        }
        return chosen;
    }

    /** A piece of the list of all members that fits into one message. */
    List<Rumor> piece(int from, int bytes) {
        List<Rumor> piece = new ArrayList<>();
        int left = bytes;
        for (int i = from; i < order.size(); i++) {
            Member m = members.get(order.get(i));
            if (m != null) {
                left -= m.claim.node().name().length() + 10;
                if (left < 0) {
                    break;
                }
                piece.add(m.claim);
            }
        }
        return piece;
    }
}
