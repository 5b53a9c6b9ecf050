package io.mig.files.serve;

import io.mig.files.wire.Frame;
import io.mig.files.wire.Push;
import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a host must forget, on its way there: collected, without repetitions, in order. Beyond a
 * bound it is told to forget everything instead. Thread-safe.
 */
final class Invalidations implements AutoCloseable {
    private static final int MAX_WAITING = 20_000;
    private static final int MAX_BATCH = 1000;

    private final long session;
    private final Reply to;
    private final Executor sender;
    // frames leave in the order of their numbers
    private final ReentrantLock order = new ReentrantLock();
    private volatile boolean empty = true;
    // guarded by this
    private final Set<Push> waiting = new LinkedHashSet<>();
    private boolean sending;
    private boolean closed;
    private long number;

    /**
     * @param to takes frames of pushes
     * @param sender runs what sends; may run it in the caller
     */
    Invalidations(long session, Reply to, Executor sender) {
        this.session = session;
        this.to = to;
        this.sender = sender;
    }

    void add(Push push) {
        synchronized (this) {
            if (closed) {
                return;
            }
            if (waiting.size() >= MAX_WAITING) {
                waiting.clear();
                waiting.add(new Push.Everything());
            }
            waiting.add(push);
            empty = false;
            if (sending) {
                return;
            }
            sending = true;
        }
        sender.execute(this::flush);
    }

    void everything() {
        add(new Push.Everything());
    }

    /** Sends what waits, before anything that the calling thread sends afterwards. */
    void flush() {
        if (empty) {
            return;
        }
        order.lock();
        try {
            send();
        } finally {
            order.unlock();
        }
    }

    private void send() {
        while (true) {
            Frame frame = new Frame(256);
            synchronized (this) {
                if (waiting.isEmpty() || closed) {
                    sending = false;
                    empty = true;
                    return;
                }
                frame.u64(session).u64(++number);
                int countAt = frame.position();
                frame.u32(0);
                int count = 0;
                var each = waiting.iterator();
                while (each.hasNext() && count < MAX_BATCH) {
                    each.next().putTo(frame);
                    each.remove();
                    count++;
                }
                frame.setU32(countAt, count);
            }
            ByteBuffer bytes = frame.finish();
            to.send(bytes);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        waiting.clear();
    }
}
