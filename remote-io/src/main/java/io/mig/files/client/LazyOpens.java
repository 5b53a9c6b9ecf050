package io.mig.files.client;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Files that guests have open and home has not been asked for, because it could only say what is
 * known here. Most are closed again at once; home opens those that stay, so that they outlive their
 * names as any open file does. Thread-safe.
 */
final class LazyOpens {
    /** Home keeps inodes that were used lately for much longer, whatever becomes of their names. */
    static final long SETTLE_MILLIS = 100;

    private record Waiting(OpenHandle handle, long sinceNanos) {}

    private final HomeSession home;
    private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean ticking = new AtomicBoolean();
    private final AtomicLong moves = new AtomicLong();

    LazyOpens(HomeSession home) {
        this.home = home;
    }

    void add(OpenHandle handle) {
        waiting.add(new Waiting(handle, System.nanoTime()));
        tickLater();
    }

    private void tickLater() {
        if (!waiting.isEmpty() && ticking.compareAndSet(false, true)) {
            home.later(SETTLE_MILLIS, this::tick);
        }
    }

    private void tick() {
        ticking.set(false);
        long until = System.nanoTime() - SETTLE_MILLIS * 1_000_000;
        for (Waiting w = waiting.peek();
                w != null && w.sinceNanos() - until < 0;
                w = waiting.peek()) {
            waiting.poll();
            if (w.handle().isLazy()) {
                w.handle().waits(() -> {});
            }
        }
        tickLater();
    }

    /** A guest moves a name: from now on nobody knows what it led to. */
    void nameMoves() {
        moves.incrementAndGet();
    }

    /** How often names were moved. */
    long moves() {
        return moves.get();
    }

    /**
     * A guest takes a name away. What others here have open under it is opened at home before.
     *
     * @param then runs once that is so, perhaps at once
     */
    void beforeNameGoes(Node parent, byte[] name, Runnable then) {
        List<OpenHandle> held =
                waiting.stream()
                        .map(Waiting::handle)
                        .filter(OpenHandle::isLazy)
                        .filter(handle -> handle.node().mayBe(parent, name, moves.get()))
                        .toList();
        if (held.isEmpty()) {
            then.run();
            return;
        }
        AtomicInteger left = new AtomicInteger(held.size());
        Runnable one =
                () -> {
                    if (left.decrementAndGet() == 0) {
                        then.run();
                    }
                };
        for (OpenHandle handle : held) {
            if (!handle.waits(one)) {
                one.run();
            }
        }
    }
}
