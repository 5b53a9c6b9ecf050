package io.mig.home.relay;

import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.transport.PeerMessage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of routers, deputies and capsules in one thread. Everything under way sits in
 * first-in-first-out lanes; each step takes one entry of a random lane, so any order of events
 * between different lanes comes up sooner or later.
 */
final class RelaySimulation {
    private final Random random;
    private final Map<String, Deque<Runnable>> lanes = new LinkedHashMap<>();
    private final Map<NodeId, Node> nodes = new LinkedHashMap<>();
    private final Set<String> cut = new HashSet<>();
    private final Set<String> met = new HashSet<>();

    RelaySimulation(Random random) {
        this.random = random;
    }

    Node node(NodeId name) {
        return nodes.computeIfAbsent(name, Node::new);
    }

    private void later(String lane, Runnable what) {
        lanes.computeIfAbsent(lane, _ -> new ArrayDeque<>()).add(what);
    }

    /** Does one thing that is under way; false when nothing is. */
    boolean step() {
        List<Deque<Runnable>> busy =
                lanes.values().stream().filter(lane -> !lane.isEmpty()).toList();
        if (busy.isEmpty()) {
            return false;
        }
        Runnable next = busy.get(random.nextInt(busy.size())).poll();
        if (next != null) {
            next.run();
        }
        for (Node node : nodes.values()) {
            node.core.flush();
        }
        return true;
    }

    /** Runs until nothing is under way; agents repeat their notices now and then. */
    void settle() {
        for (int round = 0; round < 3 || noticesWait(); round++) {
            nodes.values().forEach(node -> node.core.repeatNotices());
            for (int i = 0; step(); i++) {
                if (i > 1_000_000 || round > 1000) {
                    throw new AssertionError("the simulation does not come to rest");
                }
            }
        }
    }

    private boolean noticesWait() {
        return nodes.values().stream().anyMatch(node -> node.core.noticesWait());
    }

    private static String pair(NodeId a, NodeId b) {
        return a.compareTo(b) < 0 ? a + "|" + b : b + "|" + a;
    }

    void connect(NodeId a, NodeId b) {
        if (!cut.remove(pair(a, b)) && met.contains(pair(a, b))) {
            return;
        }
        met.add(pair(a, b));
        later("peer " + a + " " + b, () -> node(b).core.peerUp(a));
        later("peer " + b + " " + a, () -> node(a).core.peerUp(b));
    }

    /** The connection breaks: what is under way is lost, both sides notice some time later. */
    void disconnect(NodeId a, NodeId b) {
        if (!cut.add(pair(a, b))) {
            return;
        }
        lanes.getOrDefault("peer " + a + " " + b, new ArrayDeque<>()).clear();
        lanes.getOrDefault("peer " + b + " " + a, new ArrayDeque<>()).clear();
        later("peer " + a + " " + b, () -> node(b).core.peerDown(a));
        later("peer " + b + " " + a, () -> node(a).core.peerDown(b));
    }

    boolean connected(NodeId a, NodeId b) {
        return !cut.contains(pair(a, b));
    }

    /** One agent. */
    final class Node {
        final NodeId name;
        final List<String> events = new ArrayList<>();
        final List<String> signals = new ArrayList<>();
        RelayCore core;

        void restart() {
            core = newCore();
        }

        Node(NodeId name) {
            this.name = name;
            this.core = newCore();
        }

        private RelayCore newCore() {
            RelayPeers peers =
                    new RelayPeers() {
                        @Override
                        public NodeId self() {
                            return name;
                        }

                        @Override
                        public void send(NodeId to, PeerMessage message) {
                            if (connected(name, to)) {
                                later(
                                        "peer " + name + " " + to,
                                        () -> {
                                            try {
                                                node(to).core
                                                        .fromPeer(name, RelayCodec.decode(message));
                                            } catch (FrameException e) {
                                                throw new AssertionError(e);
                                            }
                                        });
                            }
                        }

                        @Override
                        public boolean writable(NodeId to) {
                            return random.nextInt(4) != 0;
                        }
                    };
            return new RelayCore(
                    peers,
                    (process, epoch, host, text) -> events.add(text),
                    random.nextLong() >>> 2,
                    (capsule, signal, done) ->
                            later(
                                    "command " + name,
                                    () -> {
                                        if (capsule.isOpen() && random.nextBoolean()) {
                                            signals.add(signal.link() + ":" + signal.signal());
                                            done.accept(true);
                                        } else {
                                            done.accept(false);
                                        }
                                    }));
        }
    }

    /**
     * The program behind an endpoint: keeps the state of its links over connections, as deputy and
     * capsule do.
     */
    final class Program {
        final Map<Integer, LinkEnd> links = new HashMap<>();
        private final NodeId node;
        private final UUID id;
        private final boolean deputy;
        private @Nullable Endpoint endpoint;
        private int generation;
        private boolean silent;

        Program(NodeId node, UUID id, boolean deputy, Map<Integer, LinkEnd> ends) {
            this.node = node;
            this.id = id;
            this.deputy = deputy;
            ends.forEach((link, end) -> links.put(link, end));
        }

        void connect() {
            disconnect();
            generation++;
            int mine = generation;
            String in = "hull in " + id + " " + mine;
            String out = "hull out " + id + " " + mine;
            HullChannel channel =
                    new HullChannel() {
                        @Override
                        public void send(ByteBuffer bytes) {
                            List<Frame> frames;
                            try {
                                frames = FrameCodec.decodeAll(bytes);
                            } catch (FrameException e) {
                                throw new AssertionError(e);
                            }
                            later(
                                    out,
                                    () -> {
                                        if (mine == generation && !silent) {
                                            frames.forEach(frame -> receive(frame, in, mine));
                                        }
                                    });
                        }

                        @Override
                        public long pendingBytes() {
                            return 0;
                        }

                        @Override
                        public void reading(boolean on) {}

                        @Override
                        public void close() {}
                    };
            if (silent) {
                return;
            }
            int pid = links.keySet().iterator().next();
            Endpoint made =
                    deputy
                            ? new DeputyEndpoint(channel, pid, 1000, new Hello.OfDeputy(pid, pid))
                            : new CapsuleEndpoint(channel, 77, 0, id);
            endpoint = made;
            later(
                    in,
                    () -> {
                        switch (made) {
                            case DeputyEndpoint ready -> node(node).core.deputyReady(ready);
                            case CapsuleEndpoint up -> node(node).core.capsuleUp(up);
                        }
                    });
        }

        void disconnect() {
            Endpoint old = endpoint;
            if (old != null) {
                lanes.getOrDefault("hull in " + id + " " + generation, new ArrayDeque<>()).clear();
                lanes.getOrDefault("hull out " + id + " " + generation, new ArrayDeque<>()).clear();
                old.markGone();
                node(node).core.gone(old);
                endpoint = null;
                links.values().forEach(LinkEnd::rest);
            }
        }

        CapsuleEndpoint capsule() {
            return (CapsuleEndpoint) Objects.requireNonNull(endpoint);
        }

        /** Sends something on one of its links. */
        void say() {
            List<LinkEnd> ends = List.copyOf(links.values());
            LinkEnd end = ends.get(random.nextInt(ends.size()));
            end.post();
            end.takeOutgoing()
                    .forEach(frame -> emit(frame, "hull in " + id + " " + generation, generation));
        }

        /** Its links have been handed to another one. */
        void retire() {
            silent = true;
            links.values().forEach(LinkEnd::rest);
            links.clear();
        }

        boolean connected() {
            return endpoint != null;
        }

        UUID id() {
            return id;
        }

        private void emit(Frame frame, String in, int mine) {
            Endpoint from = endpoint;
            if (from != null && !silent && mine == generation) {
                later(in, () -> node(node).core.fromEndpoint(from, frame));
            }
        }

        private void receive(Frame frame, String in, int mine) {
            LinkEnd end = links.get(frame.link());
            if (end != null) {
                end.receive(frame);
                end.takeOutgoing().forEach(reply -> emit(reply, in, mine));
            }
        }
    }

    /**
     * One end of a link: numbered frames, acknowledgement, retransmission; each says 1, 2, 3, ...
     */
    static final class LinkEnd {
        final int link;
        final List<Long> received = new ArrayList<>();
        private final Deque<Frame> unacknowledged = new ArrayDeque<>();
        private final List<Frame> outgoing = new ArrayList<>();
        private long sent;
        private boolean up;

        LinkEnd(int link) {
            this.link = link;
        }

        long sent() {
            return sent;
        }

        /** Nothing goes out until the link is up again. */
        void rest() {
            up = false;
            outgoing.clear();
        }

        void post() {
            sent++;
            Frame frame = new Frame(FrameType.DATA.code(), link, sent, number(sent));
            unacknowledged.add(frame);
            if (up) {
                outgoing.add(frame);
            }
        }

        List<Frame> takeOutgoing() {
            List<Frame> frames = List.copyOf(outgoing);
            outgoing.clear();
            return frames;
        }

        void receive(Frame frame) {
            switch (FrameType.of(frame.type()).orElseThrow()) {
                case LINK_UP -> {
                    up = true;
                    outgoing.add(control(FrameType.RESYNC, received.size() + 1L));
                }
                case LINK_DOWN -> up = false;
                case ACK -> acknowledged(value(frame));
                case RESYNC -> {
                    acknowledged(value(frame) - 1);
                    outgoing.addAll(unacknowledged);
                }
                case DATA -> {
                    if (frame.sequence() == received.size() + 1L) {
                        received.add(value(frame));
                    } else if (frame.sequence() > received.size()) {
                        outgoing.add(control(FrameType.RESYNC, received.size() + 1L));
                        return;
                    }
                    outgoing.add(control(FrameType.ACK, received.size()));
                }
                default -> throw new AssertionError("unexpected " + frame);
            }
        }

        private void acknowledged(long upTo) {
            unacknowledged.removeIf(frame -> frame.sequence() <= upTo);
        }

        private Frame control(FrameType type, long value) {
            return new Frame(type.code(), link, 0, number(value));
        }

        private static ByteBuffer number(long value) {
            return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).flip();
        }

        private static long value(Frame frame) {
            return frame.payload().order(ByteOrder.LITTLE_ENDIAN).getLong();
        }
    }

    static HomePid process(NodeId home, int pid) {
        return new HomePid(home, pid, 1);
    }
}
