package io.mig.home.journal;

import static io.mig.home.journal.JournalException.Outcome.NOT_DONE;
import static io.mig.home.journal.JournalException.Outcome.UNKNOWN;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that owns the connection. What waits together is written together: one
 * transaction, one sync, then all callers are told (group commit). Each work has its own savepoint,
 * so a refused one leaves no trace and harms no other.
 *
 * <p>A caller returns only when its work is on disk. No room on the disk: nothing of the
 * transaction happened, the journal stays open. Any other failure of the disk: the outcome is
 * unknown until the file has been opened and read again.
 */
final class JournalWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JournalWriter.class);
    private static final int QUEUE = 1024;
    private static final int BATCH = 256;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    /**
     * Runs on the writer thread inside a transaction; an unchecked exception undoes just this work.
     */
    interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    private final JournalDatabase database;
    private final BlockingQueue<Item<?>> queue = new ArrayBlockingQueue<>(QUEUE);
    private final Thread thread;

    // owned by the writer thread
    private @Nullable Connection connection;

    private volatile boolean closing;

    JournalWriter(JournalDatabase database) {
        this.database = database;
        this.thread = Thread.ofPlatform().name("mig-journal").daemon(true).unstarted(this::loop);
    }

    void start(Connection opened) {
        connection = opened;
        thread.start();
    }

    /**
     * Runs the work and waits until it is durable; throws what the work threw, or {@link
     * JournalException}.
     */
    <T> T call(Work<T> work) {
        Item<T> item = new Item<>(work);
        try {
            if (closing) {
                throw closed();
            }
            queue.put(item);
            if (closing && queue.remove(item)) {
                throw closed();
            }
            return Objects.requireNonNull(item.future.get());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            if (queue.remove(item)) {
                throw new JournalException(
                        NOT_DONE, "interrupted before the journal got to it: file=" + file(), e);
            }
            throw new JournalException(
                    UNKNOWN,
                    "interrupted while the journal was writing: file="
                            + file()
                            + "; ask it for the decision",
                    e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new JournalException(
                    UNKNOWN, "journal work failed: file=" + file() + " cause=" + e.getCause(), e);
        }
    }

    @Override
    public void close() {
        closing = true;
        if (thread.getState() == Thread.State.NEW) {
            return; // never opened
        }
        queue.offer(
                new Item<>(
                        _ -> true)); // wakes the thread; when the queue is full it is awake anyway
        try {
            if (!thread.join(CLOSE_LIMIT)) {
                LOG.warn("journal file={} did not close within {}", file(), CLOSE_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void loop() {
        List<Item<?>> batch = new ArrayList<>(BATCH);
        while (!closing || !queue.isEmpty()) {
            try {
                batch.add(queue.take());
                queue.drainTo(batch, BATCH - 1);
                write(batch);
            } catch (InterruptedException e) {
                closing =
                        true; // nobody interrupts this thread; if somebody does, end in good order
            } finally {
                batch.clear();
            }
        }
        disconnect();
        queue.forEach(item -> item.fail(closed()));
    }

    private void write(List<Item<?>> batch) {
        Connection open = connection;
        if (open == null) {
            try {
                open = database.reopen();
                connection = open;
                LOG.info("journal file={} is open again", file());
            } catch (SQLException | RuntimeException e) {
                JournalException failure =
                        new JournalException(
                                NOT_DONE,
                                "the journal cannot be opened again: file="
                                        + file()
                                        + ": "
                                        + e.getMessage(),
                                e);
                batch.forEach(item -> item.fail(failure));
                return;
            }
        }
        try (Statement statement = open.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            for (Item<?> item : batch) {
                item.run(open, statement);
            }
            statement.execute("COMMIT");
            batch.forEach(Item::complete);
        } catch (SQLException e) {
            rollback(open);
            if (!SqliteErrors.isFull(e)) {
                LOG.error("journal file={} failed; it will be opened again", file(), e);
                disconnect();
                batch.forEach(item -> item.fail(unknown(e)));
            } else if (batch.size() > 1) {
                // the room may do for some of them
                for (Item<?> item : batch) {
                    item.reset();
                    write(List.of(item));
                }
            } else {
                batch.forEach(item -> item.fail(full(e)));
            }
        }
    }

    private void rollback(Connection open) {
        try (Statement statement = open.createStatement()) {
            statement.execute("ROLLBACK");
        } catch (SQLException e) {
            LOG.debug(
                    "journal file={}: the transaction had ended by itself: {}",
                    file(),
                    e.getMessage());
        }
    }

    private void disconnect() {
        Connection open = connection;
        connection = null;
        if (open != null) {
            try {
                open.close();
            } catch (SQLException e) {
                LOG.warn("journal file={} did not close well", file(), e);
            }
        }
    }

    private JournalException full(SQLException e) {
        return new JournalException(
                NOT_DONE,
                "not committed: no room for the journal file="
                        + file()
                        + " ("
                        + e.getMessage()
                        + "); nothing was changed; free some space there and try again",
                e);
    }

    private JournalException unknown(SQLException e) {
        return new JournalException(
                UNKNOWN,
                "the disk failed under the journal file="
                        + file()
                        + " ("
                        + e.getMessage()
                        + "); whether it was committed is not known; ask the journal for the decision",
                e);
    }

    private JournalException closed() {
        return new JournalException(NOT_DONE, "the journal is closed: file=" + file());
    }

    private String file() {
        return database.file().toString();
    }

    private static final class Item<T> {
        private final Work<T> work;
        private final CompletableFuture<T> future = new CompletableFuture<>();
        private @Nullable T result;
        private @Nullable RuntimeException refused;

        Item(Work<T> work) {
            this.work = work;
        }

        void run(Connection connection, Statement statement) throws SQLException {
            statement.execute("SAVEPOINT work");
            try {
                result = work.run(connection);
            } catch (SQLException e) {
                if (!SqliteErrors.isConstraint(e)) {
                    throw e;
                }
                refused =
                        new JournalException(
                                NOT_DONE, "the journal refused the change: " + e.getMessage(), e);
            } catch (RuntimeException e) {
                refused = e;
            }
            if (refused != null) {
                statement.execute("ROLLBACK TO work");
            }
            statement.execute("RELEASE work");
        }

        void reset() {
            result = null;
            refused = null;
        }

        void complete() {
            RuntimeException refusal = refused;
            if (refusal != null) {
                future.completeExceptionally(refusal);
            } else {
                future.complete(Objects.requireNonNull(result));
            }
        }

        void fail(RuntimeException failure) {
            future.completeExceptionally(failure);
        }
    }
}
