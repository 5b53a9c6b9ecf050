package io.mig.home.relay;

import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One connected deputy, keeper or capsule. An endpoint object lives as long as its connection: when
 * the same program connects again it is a new object. All methods may be called from any thread and
 * do not block.
 */
public abstract sealed class Endpoint permits DeputyEndpoint, CapsuleEndpoint {
    /**
     * What may wait for an endpoint that does not read (a stopped deputy, say). The windows of its
     * streams keep it far below; above it the connection is closed, and the two ends find together
     * again when the endpoint comes back.
     */
    static final long MAX_PENDING_BYTES = 16L << 20;

    private static final long MAX_QUEUED_BYTES = 1L << 20;

    private final HullChannel channel;
    private final int peerPid;
    private final int peerUid;
    private final AtomicBoolean open = new AtomicBoolean(true);
    private final AtomicLong queuedBytes = new AtomicLong();
    private final Set<Hold> holds = EnumSet.noneOf(Hold.class); // guarded by itself

    Endpoint(HullChannel channel, int peerPid, int peerUid) {
        this.channel = channel;
        this.peerPid = peerPid;
        this.peerUid = peerUid;
    }

    /** Pid of the connected program as this agent's pid namespace sees it. */
    public final int peerPid() {
        return peerPid;
    }

    /** Numeric user of the connected program. */
    public final int peerUid() {
        return peerUid;
    }

    public final boolean isOpen() {
        return open.get();
    }

    /**
     * Tells the endpoint that there is a way to the other side of the link: it asks for what it
     * missed.
     */
    public final void linkUp(int link) {
        send(Frame.of(FrameType.LINK_UP, link));
    }

    public final void linkDown(int link) {
        send(Frame.of(FrameType.LINK_DOWN, link));
    }

    /** Queues a frame; dropped when the connection is gone. */
    public final void send(Frame frame) {
        if (!isOpen()) {
            return;
        }
        if (channel.pendingBytes() > MAX_PENDING_BYTES) {
            close();
            return;
        }
        channel.send(FrameCodec.encode(frame));
    }

    /** Reasons not to read from an endpoint for a while. */
    enum Hold {
        /** The router has not got through what it sent. */
        QUEUE,
        /** The peer of the other side takes no more. */
        PEER
    }

    /** Reading goes on when no reason is left. */
    final void hold(Hold reason, boolean on) {
        synchronized (holds) {
            boolean changed = on ? holds.add(reason) : holds.remove(reason);
            if (changed) {
                channel.reading(holds.isEmpty());
            }
        }
    }

    /**
     * Counts what of this endpoint waits for the router; beyond the limit it is not read until the
     * router has caught up.
     */
    final void queued(int bytes) {
        if (queuedBytes.addAndGet(bytes) > MAX_QUEUED_BYTES) {
            hold(Hold.QUEUE, true);
        }
    }

    final void unqueued(int bytes) {
        if (queuedBytes.addAndGet(-bytes) <= MAX_QUEUED_BYTES / 2) {
            hold(Hold.QUEUE, false);
        }
    }

    /** Drops the connection; the program behind it will connect again. */
    public final void close() {
        channel.close();
    }

    /** The connection is gone; called once by the hull server. */
    final boolean markGone() {
        if (!open.compareAndSet(true, false)) {
            return false;
        }
        gone();
        return true;
    }

    void gone() {}
}
