package io.mig.files.serve;

import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends answers from a thread of its own. Sending may start threads (virtual threads' carriers,
 * event loops), and a thread inherits identity, capabilities and umask of the one that starts it: a
 * worker must not be that. What waits is bounded by the requests that are let in. Thread-safe.
 */
final class Outbox implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);

    private record Letter(Reply to, ByteBuffer frame) {}

    private final BlockingQueue<Letter> letters = new LinkedBlockingQueue<>();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("files-answers").unstarted(this::run);

    void start() {
        thread.start();
    }

    void send(Reply to, ByteBuffer frame) {
        letters.add(new Letter(to, frame));
    }

    private void run() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                Letter letter = letters.take();
                letter.to().send(letter.frame());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.error("an answer could not be sent", e);
            }
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join(2000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
