package io.mig.agent.control;

import io.mig.transport.local.LocalConnection;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The way back to a client: bounded, whatever the client does. Long answers go out in parts as the
 * client reads them; a client that reads nothing for too long is cut off. Any thread; the event
 * loop only signals.
 */
final class ClientLine {
    private static final int PART = 64 << 10;

    private final LocalConnection connection;
    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean open = true; // guarded by lock

    ClientLine(LocalConnection connection, Duration patience) {
        this.connection = connection;
        this.patience = patience;
    }

    /** Sends a line if that needs no waiting; else drops it. */
    void offer(byte[] line) {
        if (isOpen() && connection.writable()) {
            connection.send(ByteBuffer.wrap(line));
        }
    }

    /** Sends the last line and hangs up; waits for the client as long as it keeps reading. */
    void finish(byte[] line) {
        for (int start = 0; start < line.length; start += PART) {
            if (!await(connection::writable)) {
                connection.abort();
                return;
            }
            connection.send(ByteBuffer.wrap(line, start, Math.min(PART, line.length - start)));
        }
        connection.close();
        if (!await(() -> !open)) {
            connection.abort();
        }
    }

    boolean isOpen() {
        lock.lock();
        try {
            return open;
        } finally {
            lock.unlock();
        }
    }

    void writabilityChanged() {
        signal();
    }

    void closed() {
        lock.lock();
        try {
            open = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for a condition; true also when the client is gone, because then nothing is sent any
     * more.
     */
    private boolean await(BooleanSupplier condition) {
        lock.lock();
        try {
            long left = patience.toNanos();
            while (open && !condition.getAsBoolean()) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }
}
