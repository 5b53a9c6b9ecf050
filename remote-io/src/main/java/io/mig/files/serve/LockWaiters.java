package io.mig.files.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Requests that wait for a lock. No thread waits with them: they are tried again when a guest gives
 * a lock up, and every few milliseconds because processes at home do not tell when they do.
 * Thread-safe.
 */
final class LockWaiters {
    private static final long FIRST_MILLIS = 2;
    private static final long LONGEST_MILLIS = 40;

    /** One that waits. */
    interface Waiter {
        HostSession session();

        long id();

        /** Tries, and answers unless it has to go on waiting; true when it is answered. */
        boolean attempt(Worker worker);

        /** Answers that it was interrupted. */
        void cancel();
    }

    private final Workers workers;
    private final ScheduledExecutorService clock;
    private final AtomicBoolean trying = new AtomicBoolean();
    // guarded by this
    private final List<Waiter> waiting = new ArrayList<>();
    private boolean ticking;
    private long pauseMillis = FIRST_MILLIS;

    LockWaiters(Workers workers, ScheduledExecutorService clock) {
        this.workers = workers;
        this.clock = clock;
    }

    synchronized void add(Waiter waiter) {
        waiting.add(waiter);
        pauseMillis = FIRST_MILLIS;
        tick();
    }

    /** A lock was given up. */
    void poke() {
        synchronized (this) {
            if (waiting.isEmpty()) {
                return;
            }
            pauseMillis = FIRST_MILLIS;
        }
        tryAll();
    }

    /** Ends the waiting of one request of a session. */
    void cancel(HostSession session, long id) {
        removeIf(w -> w.session() == session && w.id() == id);
    }

    void cancelAll(HostSession session) {
        removeIf(w -> w.session() == session);
    }

    private void removeIf(java.util.function.Predicate<Waiter> which) {
        List<Waiter> ended = new ArrayList<>();
        synchronized (this) {
            waiting.removeIf(
                    w -> {
                        if (which.test(w)) {
                            ended.add(w);
                            return true;
                        }
                        return false;
                    });
        }
        ended.forEach(Waiter::cancel);
    }

    private synchronized void tick() {
        if (!ticking && !waiting.isEmpty()) {
            ticking = true;
            clock.schedule(
                    () -> {
                        synchronized (this) {
                            ticking = false;
                        }
                        tryAll();
                    },
                    pauseMillis,
                    TimeUnit.MILLISECONDS);
            pauseMillis = Math.min(2 * pauseMillis, LONGEST_MILLIS);
        }
    }

    private void tryAll() {
        Consumer<Worker> task =
                worker -> {
                    try {
                        for (Waiter waiter : snapshot()) {
                            if (take(waiter)) {
                                if (!waiter.attempt(worker)) {
                                    giveBack(waiter);
                                }
                            }
                        }
                    } finally {
                        trying.set(false);
                        tick();
                    }
                };
        if (trying.compareAndSet(false, true) && !workers.submit(task)) {
            trying.set(false);
            tick();
        }
    }

    private synchronized List<Waiter> snapshot() {
        return List.copyOf(waiting);
    }

    private synchronized boolean take(Waiter waiter) {
        return waiting.remove(waiter);
    }

    private synchronized void giveBack(Waiter waiter) {
        waiting.add(0, waiter);
    }
}
