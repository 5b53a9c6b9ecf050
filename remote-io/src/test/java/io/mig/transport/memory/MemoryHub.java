package io.mig.transport.memory;

import io.mig.model.NodeId;
import io.mig.transport.PeerFacts;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * The cable between {@link MemoryPeerNetwork}s. Nodes that are started see each other at once,
 * unless their link is cut. Faults may be set at any time, from any thread.
 */
public final class MemoryHub implements AutoCloseable {
    /** A pair of nodes without direction. */
    private record Pair(NodeId smaller, NodeId larger) {
        static Pair of(NodeId a, NodeId b) {
            return a.compareTo(b) < 0 ? new Pair(a, b) : new Pair(b, a);
        }
    }

    private final Set<NodeId> nodes;
    private final ScheduledExecutorService clock =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("memory-hub").factory());
    // guarded by this
    private final Map<NodeId, MemoryPeerNetwork> started = new HashMap<>();
    private final Set<Pair> cuts = new HashSet<>();
    private final Map<Pair, Duration> delays = new HashMap<>();
    private final Map<Pair, MemoryLink> links = new HashMap<>();

    /**
     * @param nodes the static peer list
     */
    public MemoryHub(Set<NodeId> nodes) {
        this.nodes = Set.copyOf(nodes);
    }

    /** The network of one node; not started. */
    public MemoryPeerNetwork network(PeerFacts facts) {
        return new MemoryPeerNetwork(this, facts);
    }

    /**
     * Cuts the link of two nodes: both notice, requests that wait fail. Stays cut until {@link
     * #heal}.
     */
    public synchronized void cut(NodeId a, NodeId b) {
        cuts.add(Pair.of(a, b));
        drop(Pair.of(a, b), "link cut");
    }

    /** Parts a set of nodes from all others. */
    public synchronized void partition(Set<NodeId> side) {
        for (NodeId a : nodes) {
            for (NodeId b : nodes) {
                if (side.contains(a) && !side.contains(b)) {
                    cut(a, b);
                }
            }
        }
    }

    /** Mends all cuts. */
    public synchronized void heal() {
        cuts.clear();
        connectAll();
    }

    /** Loses the connection of two nodes once; they meet again at once. */
    public synchronized void dropConnection(NodeId a, NodeId b) {
        drop(Pair.of(a, b), "connection dropped");
        connectAll();
    }

    /** Everything between two nodes takes so long from now on, in both directions; order stays. */
    public synchronized void delay(NodeId a, NodeId b, Duration delay) {
        delays.put(Pair.of(a, b), delay);
        MemoryLink link = links.get(Pair.of(a, b));
        if (link != null) {
            link.delay(delay);
        }
    }

    Set<NodeId> nodes() {
        return nodes;
    }

    synchronized void started(MemoryPeerNetwork network) {
        started.put(network.self(), network);
        connectAll();
    }

    synchronized void stopped(MemoryPeerNetwork network) {
        started.remove(network.self(), network);
        for (NodeId other : nodes) {
            if (!other.equals(network.self())) {
                drop(Pair.of(other, network.self()), "the other side closed the connection");
            }
        }
    }

    synchronized @Nullable MemoryLink link(NodeId a, NodeId b) {
        return links.get(Pair.of(a, b));
    }

    private void connectAll() {
        for (NodeId a : nodes) {
            for (NodeId b : nodes) {
                MemoryPeerNetwork smaller = started.get(a);
                MemoryPeerNetwork larger = started.get(b);
                Pair pair = Pair.of(a, b);
                if (a.compareTo(b) < 0
                        && smaller != null
                        && larger != null
                        && !cuts.contains(pair)
                        && !links.containsKey(pair)) {
                    MemoryLink link =
                            new MemoryLink(
                                    smaller,
                                    larger,
                                    clock,
                                    delays.getOrDefault(pair, Duration.ZERO));
                    links.put(pair, link);
                    link.up();
                }
            }
        }
    }

    private void drop(Pair pair, String why) {
        MemoryLink link = links.remove(pair);
        if (link != null) {
            link.down(why);
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
