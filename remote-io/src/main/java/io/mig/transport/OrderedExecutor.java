package io.mig.transport;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks one after the other, in the order of submission, on virtual threads that may block.
 * There is a thread only while there is something to do. Its queue has no limit: whoever submits
 * bounds what waits.
 */
public final class OrderedExecutor implements Executor {
    private static final Logger LOG = LoggerFactory.getLogger(OrderedExecutor.class);

    private final String name;
    // guarded by tasks
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private boolean running;

    /**
     * @param name of the threads
     */
    public OrderedExecutor(String name) {
        this.name = name;
    }

    @Override
    public void execute(Runnable task) {
        synchronized (tasks) {
            tasks.add(task);
            if (running) {
                return;
            }
            running = true;
        }
        Thread.ofVirtual().name(name).start(this::drain);
    }

    private void drain() {
        while (true) {
            Runnable task;
            synchronized (tasks) {
                task = tasks.poll();
                if (task == null) {
                    running = false;
                    return;
                }
            }
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                LOG.error("task failed: executor={}", name, e);
            }
        }
    }
}
