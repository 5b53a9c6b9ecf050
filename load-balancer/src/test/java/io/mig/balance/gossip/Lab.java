package io.mig.balance.gossip;

import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.Psi;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.function.BiPredicate;

/**
 * Many gossiping nodes in one thread. Each message is really encoded and decoded. Nodes beat in
 * random order within each second; messages arrive at once unless they are cut off or lost.
 */
final class Lab {
    final List<GossipNode> nodes = new ArrayList<>();
    final Set<Integer> down = new HashSet<>();
    final Random random;
    long now = 1_000_000;
    double loss;
    BiPredicate<Integer, Integer> cut = (_, _) -> false;
    long messages;
    long bytes;
    int mostBytes;
    final int[] sentBy;
    private final boolean[] idle;

    Lab(int count, long seed) {
        random = new Random(seed);
        sentBy = new int[count];
        idle = new boolean[count];
        List<NodeId> seeds = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            seeds.add(id(i));
        }
        for (int i = 0; i < count; i++) {
            nodes.add(
                    new GossipNode(
                            id(i), 1000, seeds, GossipConfig.USUAL, new Random(seed * 7919 + i)));
        }
    }

    static NodeId id(int i) {
        return new NodeId(String.format(Locale.ROOT, "n%04d", i));
    }

    static NodeFacts facts(int i, double runnable, Doors doors) {
        return new NodeFacts(
                id(i),
                new NodeCapacity(4, 1, 8L << 30),
                new NodeUse(runnable, 4L << 30, new Psi(0.1, 0, 0), 1),
                doors);
    }

    void setIdle(int i) {
        idle[i] = true;
    }

    void period() {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            order.add(i);
        }
        java.util.Collections.shuffle(order, random);
        for (int i : order) {
            now += Math.max(1, 1000 / nodes.size());
            if (!down.contains(i)) {
                // busy nodes vary a little: routine facts
                double runnable = idle[i] ? 0 : 8 + random.nextDouble();
                deliver(i, nodes.get(i).publish(facts(i, runnable, Doors.OPEN), now));
                deliver(i, nodes.get(i).tick(now));
            }
        }
    }

    void deliver(int from, List<Outgoing> out) {
        for (Outgoing o : out) {
            byte[] wire = GossipCodec.encode(o.message());
            messages++;
            bytes += wire.length;
            mostBytes = Math.max(mostBytes, wire.length);
            sentBy[from]++;
            int to = Integer.parseInt(o.to().name().substring(1));
            if (down.contains(to) || cut.test(from, to) || random.nextDouble() < loss) {
                continue;
            }
            deliver(to, nodes.get(to).receive(id(from), GossipCodec.decode(wire), now));
        }
    }

    long believing(int about, MemberState state) {
        long count = 0;
        for (int i = 0; i < nodes.size(); i++) {
            if (i != about && !down.contains(i) && nodes.get(i).members().get(id(about)) == state) {
                count++;
            }
        }
        return count;
    }
}
