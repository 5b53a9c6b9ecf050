package io.mig.files.link;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import com.google.protobuf.UnsafeByteOperations;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Limits;
import io.mig.model.NodeId;
import io.mig.transport.LinkLoad;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Compresses frames on their way over a link that is slower than zstd, when bytes wait for it and
 * they can be compressed. On a fast link nothing is compressed: it would only cost time.
 * Thread-safe.
 */
final class Packer {
    /** What the network takes at most for compressing to be worth it, in bytes per second. */
    private static final double SLOW = 60e6;

    private static final long WAITING = 128 << 10;
    private static final int SMALL = 4096;
    private static final int LEVEL = 1;

    /** Frames that are sent as they are after one that could not be made smaller. */
    private static final int PAUSE = 16;

    private final PeerNetwork network;
    private final Map<NodeId, AtomicInteger> pauses = new ConcurrentHashMap<>();

    Packer(PeerNetwork network) {
        this.network = network;
    }

    /**
     * A message with a frame.
     *
     * @param plain type if it goes as it is
     * @param packed type if it goes compressed
     */
    PeerMessage message(NodeId to, ByteBuffer frame, int plain, int packed) {
        if (frame.remaining() < SMALL || !slow(network.load(to))) {
            return FileMessages.message(plain, frame);
        }
        AtomicInteger pause = pauses.computeIfAbsent(to, _ -> new AtomicInteger());
        if (pause.get() > 0) {
            pause.decrementAndGet();
            return FileMessages.message(plain, frame);
        }
        byte[] raw = new byte[frame.remaining()];
        frame.duplicate().get(raw);
        byte[] smaller = Zstd.compress(raw, LEVEL);
        if (smaller.length > raw.length / 10 * 9) {
            pause.set(PAUSE);
            return FileMessages.message(plain, frame);
        }
        return new PeerMessage(packed, UnsafeByteOperations.unsafeWrap(smaller));
    }

    static boolean slow(LinkLoad load) {
        return load.waitingBytes() > WAITING
                && load.bytesPerSecond() > 0
                && load.bytesPerSecond() < SLOW;
    }

    /** The frame in a message that came compressed. */
    static ByteBuffer unpack(PeerMessage message) throws BadFrameException {
        byte[] packed = message.body().toByteArray();
        long size = Zstd.getFrameContentSize(packed);
        if (size < 0 || size > Limits.MAX_FRAME) {
            throw new BadFrameException("compressed frame of bytes=" + size);
        }
        try {
            return ByteBuffer.wrap(Zstd.decompress(packed, (int) size));
        } catch (ZstdException e) {
            throw new BadFrameException("compressed frame is broken: " + e.getMessage());
        }
    }
}
