package io.mig.home.relay;

import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Frames of one route on their way to another node: gathered into batches, kept while the peer
 * takes no more.
 */
final class Outbox {
    /** From here on the endpoints that fill it are not read any more. */
    static final int HIGH_BYTES = 512 << 10;

    private final List<Frame> frames = new ArrayList<>();
    private long bytes;

    void add(Frame frame) {
        frames.add(frame);
        bytes += frame.wireBytes();
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    boolean isHigh() {
        return bytes > HIGH_BYTES;
    }

    void clear() {
        frames.clear();
        bytes = 0;
    }

    /** Hands over batches while the peer takes them. */
    void flush(RelayPeers peers, NodeId to, BiConsumer<NodeId, List<Frame>> transmit) {
        int from = 0;
        while (from < frames.size() && peers.writable(to)) {
            int end = from;
            long batch = 0;
            while (end < frames.size()
                    && batch + frames.get(end).wireBytes() <= RelayMessage.MAX_FRAMES_BYTES) {
                batch += frames.get(end).wireBytes();
                end++;
            }
            transmit.accept(to, List.copyOf(frames.subList(from, end)));
            bytes -= batch;
            from = end;
        }
        frames.subList(0, from).clear();
    }
}
