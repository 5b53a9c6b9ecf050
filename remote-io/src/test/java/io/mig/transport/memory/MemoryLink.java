package io.mig.transport.memory;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** One life of the connection of two nodes. What was on its way when it ends never arrives. */
final class MemoryLink {
    private final MemoryPeerNetwork smaller;
    private final MemoryPeerNetwork larger;
    private final ScheduledExecutorService clock;
    private final Set<Consumer<String>> onDown = ConcurrentHashMap.newKeySet();
    // guarded by this
    private Duration delay;
    private long lastArrivalNanos;
    private boolean alive = true;

    MemoryLink(
            MemoryPeerNetwork smaller,
            MemoryPeerNetwork larger,
            ScheduledExecutorService clock,
            Duration delay) {
        this.smaller = smaller;
        this.larger = larger;
        this.clock = clock;
        this.delay = delay;
    }

    void up() {
        smaller.met(larger.facts());
        larger.met(smaller.facts());
    }

    synchronized void delay(Duration newDelay) {
        delay = newDelay;
    }

    MemoryPeerNetwork other(MemoryPeerNetwork one) {
        return one == smaller ? larger : smaller;
    }

    /** Runs something at the other end after the delay, in order, unless the link ends before. */
    synchronized void deliver(Runnable arrival) {
        if (!alive) {
            return;
        }
        long now = System.nanoTime();
        long at = Math.max(now + delay.toNanos(), lastArrivalNanos);
        lastArrivalNanos = at;
        if (at <= now) {
            arrival.run();
            return;
        }
        clock.schedule(
                () -> {
                    synchronized (this) {
                        if (alive) {
                            arrival.run();
                        }
                    }
                },
                at - now,
                TimeUnit.NANOSECONDS);
    }

    /** Tells when the link ends; at once when it has. */
    void onDown(Consumer<String> listener) {
        synchronized (this) {
            if (alive) {
                onDown.add(listener);
                return;
            }
        }
        listener.accept("the connection was lost before");
    }

    void forget(Consumer<String> listener) {
        onDown.remove(listener);
    }

    void down(String why) {
        synchronized (this) {
            alive = false;
        }
        smaller.lost(larger.self(), why);
        larger.lost(smaller.self(), why);
        onDown.forEach(listener -> listener.accept(why));
    }
}
