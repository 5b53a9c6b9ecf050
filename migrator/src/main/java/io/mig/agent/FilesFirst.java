package io.mig.agent;

import io.mig.home.relay.RelayPeers;
import io.mig.model.NodeId;
import io.mig.transport.PeerMessage;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a node hears of a process it hears after word of the files that this process has changed:
 * our own processes' changes are told first, and what guests here wrote to their home's files is at
 * home before anything else of them is. Messages that have to wait for that wait here, in order.
 * Thread-safe.
 */
final class FilesFirst implements RelayPeers {
    /** More than so much waits for slow files only while whoever sends is slowed down. */
    private static final int MANY_BYTES = 1 << 20;

    /** What there is of files between two nodes. */
    interface Files {
        /** What is sent to a peer after this, it gets after word of changes made here so far. */
        void wordsFirst(NodeId peer);

        /** Whether a home has done all that its guests here believe is done. */
        boolean isSettled(NodeId home);

        /** Runs something when it has. */
        void whenSettled(NodeId home, Runnable then);
    }

    private static final class Held {
        private final PeerMessage message;
        private boolean ready;

        Held(PeerMessage message) {
            this.message = message;
        }
    }

    private static final class Line {
        private final Deque<Held> held = new ArrayDeque<>();
        private long bytes;
    }

    private final RelayPeers network;
    private final Files files;
    private final Map<NodeId, Line> lines = new ConcurrentHashMap<>();

    FilesFirst(RelayPeers network, Files files) {
        this.network = network;
        this.files = files;
    }

    @Override
    public NodeId self() {
        return network.self();
    }

    @Override
    public void send(NodeId to, PeerMessage message) {
        files.wordsFirst(to);
        Line line = lines.computeIfAbsent(to, _ -> new Line());
        Held held = new Held(message);
        synchronized (line) {
            if (line.held.isEmpty() && files.isSettled(to)) {
                network.send(to, message);
                return;
            }
            line.held.add(held);
            line.bytes += message.body().size();
        }
        files.whenSettled(to, () -> ready(to, line, held));
    }

    private void ready(NodeId to, Line line, Held held) {
        synchronized (line) {
            held.ready = true;
            for (Held first = line.held.peek();
                    first != null && first.ready;
                    first = line.held.peek()) {
                line.held.remove();
                line.bytes -= first.message.body().size();
                network.send(to, first.message);
            }
        }
    }

    /** What was on its way to a peer is lost with the connection. */
    void onPeerDown(NodeId peer) {
        Line line = lines.computeIfAbsent(peer, _ -> new Line());
        synchronized (line) {
            line.held.clear();
            line.bytes = 0;
        }
    }

    @Override
    public boolean writable(NodeId to) {
        Line line = lines.computeIfAbsent(to, _ -> new Line());
        synchronized (line) {
            return line.bytes <= MANY_BYTES && network.writable(to);
        }
    }
}
