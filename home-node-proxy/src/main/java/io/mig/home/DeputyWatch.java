package io.mig.home;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees what a deputy cannot tell: that it was killed by SIGKILL, or stopped by SIGSTOP.
 *
 * <p>One thread owns all of it. Every 100 ms it reads the states of a few deputies in turn, at most
 * {@link #MAX_READS}, so that its cost has a bound (about 10 µs each, together about 0.1 % of a
 * core) and many deputies are only seen a little later. A death is noticed at once by the end of
 * the deputy's connection, which makes the watcher look. No deputies: no work.
 *
 * <p>A deputy that stops because its body did says so before ({@link #selfStopped}); any other
 * stop, seen twice in a row because what it says takes another way than what is seen, came from
 * outside.
 */
final class DeputyWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeputyWatch.class);
    static final int MAX_READS = 5;
    private static final long TICK_NANOS = Duration.ofMillis(100).toNanos();
    private static final long SOON_NANOS = Duration.ofMillis(5).toNanos();
    private static final int SOON_TIMES = 20;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

    /** Called on the watcher's thread. */
    interface Observer {
        /** The process with this pid has ended; once. */
        void died(int pid);

        /** It is stopped, and not by itself; once per stop. */
        void stoppedFromOutside(int pid);

        /** It was told to be stopped from outside, and is stopped no longer. */
        void goesOn(int pid);
    }

    private final Observer observer;
    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile boolean closing;

    // owned by the thread
    private final Map<Integer, Watched> watched = new HashMap<>();
    private final Deque<Integer> turn = new ArrayDeque<>();
    private final Map<Integer, Integer> soon = new HashMap<>();
    private final Deque<Later> later = new ArrayDeque<>();

    private record Later(long atNanos, Runnable task) {}

    private static final class Watched {
        final ProcStatFile stat;
        boolean selfStopped;
        boolean told;

        /** The body was told to stop, and nobody has seen the deputy run since. */
        boolean bodyStopped;

        int seenStopped;

        Watched(ProcStatFile stat) {
            this.stat = stat;
        }
    }

    DeputyWatch(Observer observer) {
        this.observer = observer;
        this.thread = Thread.ofPlatform().name("mig-deputies").daemon(true).unstarted(this::loop);
    }

    void start() {
        thread.start();
    }

    /** Runs something on the watcher's thread. */
    void post(Runnable task) {
        tasks.add(task);
    }

    /** Watches a process; if it is not there any more {@link Observer#died} is told. */
    void watch(int pid, long startTicks) {
        post(
                () -> {
                    Watched old = watched.remove(pid);
                    if (old != null) {
                        old.stat.close();
                        turn.remove(pid);
                    }
                    Optional<ProcStatFile> stat = ProcStatFile.open(pid, startTicks);
                    if (stat.isEmpty()) {
                        observer.died(pid);
                        return;
                    }
                    watched.put(pid, new Watched(stat.get()));
                    turn.add(pid);
                });
    }

    /** The deputy has said that it is about to stop itself, or that it runs again. */
    void selfStopped(int pid, boolean stopped) {
        post(
                () -> {
                    Watched one = watched.get(pid);
                    if (one != null) {
                        one.selfStopped = stopped;
                        one.seenStopped = 0;
                        one.told = false;
                    }
                });
    }

    /** Its connection is gone: look at once, and again while a dying process is on its way out. */
    void lookSoon(int pid) {
        post(
                () -> {
                    if (watched.containsKey(pid)) {
                        soon.put(pid, SOON_TIMES);
                    }
                });
    }

    /** On the watcher's thread: runs something after a while. */
    void after(Duration delay, Runnable task) {
        later.add(new Later(System.nanoTime() + delay.toNanos(), task));
    }

    /** On the watcher's thread: whether the process is stopped now. */
    boolean isStopped(int pid) {
        Watched one = watched.get(pid);
        return one != null && one.stat.read().filter(line -> line.state() == 'T').isPresent();
    }

    private void loop() {
        long tickAt = System.nanoTime() + TICK_NANOS;
        while (!closing) {
            try {
                Runnable task = next(tickAt);
                while (task != null) {
                    run(task);
                    task = tasks.poll();
                }
                List.copyOf(soon.keySet()).forEach(this::lookAgain);
                runLater();
                if (System.nanoTime() - tickAt >= 0) {
                    for (int i = Math.min(MAX_READS, turn.size()); i > 0; i--) {
                        Integer pid = turn.poll();
                        if (pid != null && look(pid)) {
                            turn.add(pid);
                        }
                    }
                    tickAt = System.nanoTime() + TICK_NANOS;
                }
            } catch (InterruptedException e) {
                closing = true;
            } catch (RuntimeException e) {
                LOG.error("watching deputies stumbled and goes on", e);
            }
        }
        watched.values().forEach(one -> one.stat.close());
    }

    private @Nullable Runnable next(long tickAt) throws InterruptedException {
        if (!soon.isEmpty()) {
            return tasks.poll(SOON_NANOS, TimeUnit.NANOSECONDS);
        }
        if (turn.isEmpty() && later.isEmpty()) {
            return tasks.take();
        }
        return tasks.poll(Math.max(1, tickAt - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private void runLater() {
        for (int i = later.size(); i > 0; i--) {
            Later one = later.poll();
            if (one != null && System.nanoTime() - one.atNanos() >= 0) {
                run(one.task());
            } else if (one != null) {
                later.add(one);
            }
        }
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.error("watching deputies could not do one thing and goes on", e);
        }
    }

    private void lookAgain(int pid) {
        soon.computeIfPresent(pid, (_, left) -> left > 1 ? left - 1 : null);
        if (!look(pid)) {
            turn.remove(pid);
        }
    }

    /** Whether it is still to be watched. */
    private boolean look(int pid) {
        Watched one = watched.get(pid);
        if (one == null) {
            soon.remove(pid);
            return false;
        }
        Optional<ProcStatFile.Line> line = one.stat.read();
        if (line.isEmpty() || line.get().dead()) {
            watched.remove(pid);
            soon.remove(pid);
            one.stat.close();
            observer.died(pid);
            return false;
        }
        if (line.get().state() != 'T' && one.bodyStopped) {
            one.bodyStopped = false;
            observer.goesOn(pid);
        }
        if (line.get().state() != 'T' || one.selfStopped) {
            one.seenStopped = 0;
            one.told = false;
            return true;
        }
        one.seenStopped++;
        if (one.seenStopped >= 2 && !one.told) {
            one.told = true;
            one.bodyStopped = true;
            observer.stoppedFromOutside(pid);
        }
        return true;
    }

    @Override
    public void close() {
        closing = true;
        tasks.add(() -> {});
        if (thread.getState() == Thread.State.NEW) {
            return;
        }
        try {
            if (!thread.join(CLOSE_LIMIT)) {
                LOG.warn("watching deputies did not end within {}", CLOSE_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
