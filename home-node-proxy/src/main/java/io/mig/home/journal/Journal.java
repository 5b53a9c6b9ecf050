package io.mig.home.journal;

import io.mig.model.HomePid;
import io.mig.model.MoveId;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Where a home node writes down what must survive anything: who owns each of its processes and how
 * each move was decided.
 *
 * <p>{@link #commit} is the commit point of a move. The record of a process says owner and epoch; a
 * move is committed only if it starts from that owner and leads to that epoch plus one, and a
 * decision once made is final. So of two agents that disagree about a move exactly one gets its
 * way, whatever they believe:
 *
 * <pre>
 *            begin              commit                       then: commit again = fine, abort = refused
 *   (unknown) ----> INTENT ------------------> COMMITTED     owner = target, epoch + 1, deputies recorded
 *       |              |
 *       | abort        | abort
 *       v              v
 *    ABORTED <---------+                                     then: abort again = fine, begin and commit = refused
 * </pre>
 *
 * <p>Every method that changes something returns when the change is on disk (SQLite, WAL, {@code
 * synchronous=FULL}); all may be called from any thread and block it. They throw {@link
 * DecisionRefusedException} when the record says otherwise and {@link JournalException} when the
 * disk does not play along; the latter says whether the change may have happened after all.
 */
public final class Journal implements AutoCloseable {
    private static final Duration RETENTION = Duration.ofDays(90);

    private final Clock clock;
    private final JournalDatabase database;
    private final JournalWriter writer;
    private final ProcessTable processes = new ProcessTable();
    private final MoveTable moves = new MoveTable(processes);
    private final EventTable events = new EventTable();

    /**
     * @param file the database; its directory also gets SQLite's native library
     */
    public Journal(Path file, Clock clock) {
        this(file, clock, List.of());
    }

    Journal(Path file, Clock clock, List<String> extraPragmas) {
        this.clock = clock;
        this.database = new JournalDatabase(file, clock, extraPragmas);
        this.writer = new JournalWriter(database);
    }

    /**
     * Opens the file, checks it and starts the writer. To be called once, before the agent says
     * that it is ready.
     *
     * @return what was found; when a broken file was moved aside somebody should be told
     */
    public OpenReport open() {
        JournalDatabase.Opened opened = database.open();
        writer.start(opened.connection());
        Instant now = clock.instant();
        if (opened.report().movedAside().isPresent()) {
            event(
                    Optional.empty(),
                    "journal-broken",
                    opened.report().trouble()
                            + "; the old file is now "
                            + opened.report().movedAside().get());
        }
        writer.call(
                connection -> {
                    events.prune(connection, now.minus(RETENTION));
                    return true;
                });
        return opened.report();
    }

    /**
     * Records the intent; the same intent again is answered with the record that is there. One
     * intent per process at a time.
     */
    public MoveRecord begin(MoveIntent intent) {
        return writer.call(connection -> moves.begin(connection, intent, clock.instant()));
    }

    /**
     * Decides: the target owns the process from here on. When this returns it is so, whatever
     * happens to this node.
     */
    public void commit(MoveId move) {
        commit(move, Optional.empty());
    }

    /**
     * As {@link #commit(MoveId)}, and in the same breath records the deputies that are now to be
     * made at home.
     */
    public void commit(MoveId move, List<DeputyRecord> deputies) {
        commit(move, Optional.of(List.copyOf(deputies)));
    }

    private void commit(MoveId move, Optional<List<DeputyRecord>> deputies) {
        writer.call(
                connection -> {
                    moves.commit(connection, move, deputies, clock.instant());
                    return true;
                });
    }

    /**
     * Decides: the source keeps the process. An unknown move is remembered as aborted, so that it
     * can never be committed.
     */
    public void abort(MoveId move, String why) {
        writer.call(
                connection -> {
                    moves.abort(connection, move, why, clock.instant());
                    return true;
                });
    }

    /** Adds the figures of a move to its record. */
    public void finish(MoveId move, MoveReport report) {
        writer.call(
                connection -> {
                    moves.finish(connection, move, report);
                    return true;
                });
    }

    public Decision decision(MoveId move) {
        return writer.call(connection -> moves.decision(connection, move));
    }

    public Optional<MoveRecord> move(MoveId move) {
        return writer.call(connection -> moves.find(connection, move));
    }

    /**
     * Moves that were begun and not decided, oldest first: after a restart they are to be settled.
     */
    public List<MoveRecord> undecided() {
        return writer.call(moves::undecided);
    }

    /**
     * Processes of this home that have been moved and have not ended, wherever they run now, oldest
     * first.
     */
    public List<ProcessRecord> away() {
        return writer.call(processes::away);
    }

    public Optional<ProcessRecord> process(HomePid process) {
        return writer.call(connection -> processes.find(connection, process));
    }

    /**
     * The deputy has taken over its configuration: from now on its waiting signals are dropped no
     * more.
     */
    public void deputyReady(HomePid process, int pid) {
        writer.call(connection -> processes.deputyReady(connection, process, pid));
    }

    /**
     * The deputy has ended with this wait status; {@code keeper} is the child that keeps its
     * streams, if one stays.
     */
    public void deputyEnded(HomePid process, int pid, OptionalInt status, OptionalInt keeper) {
        writer.call(
                connection ->
                        processes.deputyEnded(
                                connection, process, pid, status, keeper, clock.instant()));
    }

    /** The whole process is over; false when that was known (or the process is not). */
    public boolean ended(HomePid process, OptionalInt status) {
        return writer.call(
                connection -> processes.ended(connection, process, status, clock.instant()));
    }

    public void event(Optional<HomePid> process, String kind, String text) {
        writer.call(
                connection -> {
                    events.add(connection, process, kind, text, clock.instant());
                    return true;
                });
    }

    /** History, newest first. */
    public List<LogEntry> log(LogFilter filter) {
        return writer.call(
                connection -> {
                    List<LogEntry> entries = new ArrayList<>(events.log(connection, filter));
                    for (MoveRecord move : moves.log(connection, filter)) {
                        entries.add(new LogEntry.Move(move));
                    }
                    entries.sort(Comparator.comparing(LogEntry::at).reversed());
                    return List.copyOf(
                            entries.subList(0, Math.min(entries.size(), filter.limit())));
                });
    }

    @Override
    public void close() {
        writer.close();
    }
}
