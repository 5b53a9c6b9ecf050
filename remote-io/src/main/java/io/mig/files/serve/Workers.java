package io.mig.files.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The threads that touch files, and the bounded queue before them. Thread-safe. */
final class Workers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Workers.class);

    private final BlockingQueue<Consumer<Worker>> queue;
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    Workers(int count, int queued) {
        queue = new ArrayBlockingQueue<>(queued);
        for (int i = 0; i < count; i++) {
            threads.add(Thread.ofPlatform().daemon().name("files-" + i).unstarted(this::run));
        }
    }

    void start() {
        threads.forEach(Thread::start);
    }

    /** False when too much waits. */
    boolean submit(Consumer<Worker> task) {
        return !closed && queue.offer(task);
    }

    private void run() {
        try (Worker worker = new Worker()) {
            while (!closed) {
                Consumer<Worker> task = queue.poll(1, TimeUnit.SECONDS);
                if (task != null) {
                    task.accept(worker);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            // a thread whose identity is in doubt must not serve anybody
            LOG.error("a file thread ends: thread={}", Thread.currentThread().getName(), e);
            if (!closed) {
                restart();
            }
        }
    }

    private synchronized void restart() {
        String name = Thread.currentThread().getName();
        threads.remove(Thread.currentThread());
        Thread next = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
        threads.add(next);
        next.start();
    }

    @Override
    public void close() {
        closed = true;
        List<Thread> all;
        synchronized (this) {
            all = List.copyOf(threads);
        }
        all.forEach(Thread::interrupt);
        for (Thread thread : all) {
            try {
                thread.join(2000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
