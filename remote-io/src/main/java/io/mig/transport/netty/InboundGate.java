package io.mig.transport.netty;

import io.netty.channel.Channel;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stops reading a connection while too much of what it sent waits to be handled: the sender then
 * waits in TCP.
 */
final class InboundGate {
    private final Channel channel;
    private final int high;
    private final int low;
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile boolean paused;

    /** Pauses above {@code high} bytes, goes on below {@code low}. */
    InboundGate(Channel channel, int high, int low) {
        this.channel = channel;
        this.high = high;
        this.low = low;
    }

    /** On the event loop: something was handed over. */
    void entered(int bytes) {
        if (waiting.addAndGet(bytes) > high && !paused) {
            paused = true;
            channel.config().setAutoRead(false);
            // it may all have been handled between the two lines above
            resumeIfLow();
        }
    }

    /** Any thread: it was handled. */
    void left(int bytes) {
        if (waiting.addAndGet(-bytes) < low && paused) {
            channel.eventLoop().execute(this::resumeIfLow);
        }
    }

    private void resumeIfLow() {
        if (paused && waiting.get() < low) {
            paused = false;
            channel.config().setAutoRead(true);
        }
    }

    boolean paused() {
        return paused;
    }
}
