package io.mig.files.client;

import io.mig.files.wire.Attr;
import io.mig.files.wire.NodeRef;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The inodes that the kernel knows, by the numbers it has for them and by what home calls them. Has
 * as many entries as the kernel keeps inodes of the mount, about 350 bytes each; {@link Crowd} sees
 * to it that those are not many more than {@link #MANY}, unless they are in use. Thread-safe.
 */
final class NodeTable {
    static final long ROOT = 1;

    /** More than that are too many: 14 MiB. */
    static final int MANY = 40_000;

    private static final long PAUSE_NANOS = 1_000_000_000L;

    private final Map<Long, Node> byId = new HashMap<>();
    private final Map<NodeRef, Node> byRef = new HashMap<>();
    private final AtomicLong ticks = new AtomicLong();
    private final AtomicLong names = new AtomicLong();
    private volatile long strangerInvalidatedAt;
    private final TreeMemory memory;
    private long lastId = ROOT;
    private Runnable tooMany = () -> {};
    private long thinned = System.nanoTime() - PAUSE_NANOS;

    NodeTable(TreeMemory memory) {
        this.memory = memory;
    }

    /** What an earlier agent told the kernel. */
    synchronized void restore(Remembered remembered) {
        remembered
                .nodes()
                .forEach(
                        (id, known) -> {
                            Node node = new Node(id, known.ref);
                            node.lookups = known.lookups;
                            String place = known.place;
                            if (place != null) {
                                node.place(place);
                            }
                            byId.put(id, node);
                            byRef.put(known.ref, node);
                        });
        Node root = byId.get(ROOT);
        if (root != null) {
            root.place("");
        }
        lastId = Math.max(lastId, remembered.lastNode());
    }

    /** The root; stays for ever. */
    synchronized void root(NodeRef ref, Attr attr) {
        Node old = byId.get(ROOT);
        if (old != null) {
            byRef.remove(old.ref());
        }
        Node root = new Node(ROOT, ref);
        root.place("");
        root.lookups = 1;
        root.learned(attr);
        byId.put(ROOT, root);
        byRef.put(ref, root);
        memory.node(ROOT, ref);
    }

    /** Counts one more mention towards the kernel. */
    synchronized Node enter(NodeRef ref, Attr attr) {
        Node node = byRef.get(ref);
        if (node == null) {
            node = new Node(++lastId, ref);
            byId.put(node.id(), node);
            byRef.put(ref, node);
            memory.node(node.id(), ref);
        } else {
            memory.lookup(node.id());
        }
        node.lookups++;
        node.learned(attr);
        if (byId.size() > MANY && System.nanoTime() - thinned > PAUSE_NANOS) {
            thinned = System.nanoTime();
            tooMany.run();
        }
        return node;
    }

    /** What to do when there are too many; must not wait for anything. */
    synchronized void whenTooMany(Runnable action) {
        tooMany = action;
    }

    /** The half that was told to the kernel first, without those that have to stay. */
    List<Long> elder(Predicate<Node> stay) {
        List<Node> known = all();
        known.removeIf(node -> node.id() == ROOT || stay.test(node));
        return known.stream().map(Node::id).sorted().limit(known.size() / 2).toList();
    }

    synchronized void forget(long id, long count) {
        Node node = byId.get(id);
        if (node == null || id == ROOT) {
            return;
        }
        memory.forget(id, count);
        node.lookups -= count;
        if (node.lookups <= 0) {
            byId.remove(id);
            byRef.remove(node.ref());
        }
    }

    /** It is an anchor or leads to one, see {@link Anchors}. */
    void place(Node node, String path) {
        if (!path.equals(node.place())) {
            node.place(path);
            memory.place(node.id(), path);
        }
    }

    synchronized @Nullable Node find(long id) {
        return byId.get(id);
    }

    synchronized @Nullable Node find(NodeRef ref) {
        return byRef.get(ref);
    }

    synchronized int size() {
        return byId.size();
    }

    synchronized List<Node> all() {
        return new ArrayList<>(byId.values());
    }

    /** Goes up with each word of a change: a reply to a question from before is not believed. */
    long now() {
        return ticks.get();
    }

    /** What home calls something changed; gives the inode if the kernel knows it. */
    @Nullable Node changed(ByteBuffer identity, boolean contents) {
        Node node;
        synchronized (this) {
            node = byRef.get(asRef(identity));
        }
        long tick = ticks.incrementAndGet();
        if (node == null) {
            strangerInvalidatedAt = tick;
        } else {
            node.invalidated(tick, contents);
        }
        return node;
    }

    /** A guest gives or takes a name: numbers of links change, nobody here knows whose. */
    void namesChange() {
        names.incrementAndGet();
    }

    /** How often that was so. */
    long names() {
        return names.get();
    }

    void allChanged() {
        long tick = ticks.incrementAndGet();
        strangerInvalidatedAt = tick;
        all().forEach(node -> node.invalidated(tick, true));
    }

    /** Whether what was asked for at a time may be kept: nothing was said of it since. */
    boolean undisturbed(Node node, long askedAt) {
        return node.invalidatedAt() <= askedAt && strangerInvalidatedAt <= askedAt;
    }

    /** References are equal by identity, whatever their seal. */
    private static NodeRef asRef(ByteBuffer identity) {
        byte[] bytes = new byte[identity.remaining() + NodeRef.SEAL_BYTES];
        identity.duplicate().get(bytes, 0, identity.remaining());
        return NodeRef.of(bytes);
    }
}
