package io.mig.home.journal;

import io.mig.model.HomePid;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Statements on events; called on the writer thread inside its transaction. */
final class EventTable {
    private static final int MAX_TEXT_CHARS = 4096;

    EventTable() {}

    void add(
            Connection connection, Optional<HomePid> process, String kind, String text, Instant now)
            throws SQLException {
        Rows.change(
                connection,
                "INSERT INTO events(at, process, kind, text) VALUES (?, ?, ?, ?)",
                now.toEpochMilli(),
                process.map(HomePid::toString).orElse(null),
                kind,
                text.length() <= MAX_TEXT_CHARS ? text : text.substring(0, MAX_TEXT_CHARS));
    }

    List<LogEntry.Event> log(Connection connection, LogFilter filter) throws SQLException {
        return Rows.list(
                connection,
                "SELECT * FROM events WHERE (?1 IS NULL OR process = ?1)"
                        + " AND (?2 IS NULL OR process LIKE '%:' || ?2 || '@%')"
                        + " AND at >= ?3 ORDER BY id DESC LIMIT ?4",
                row ->
                        new LogEntry.Event(
                                Rows.instant(row, "at"),
                                Optional.ofNullable(row.getString("process")).map(HomePid::parse),
                                row.getString("kind"),
                                row.getString("text")),
                filter.process().map(HomePid::toString).orElse(null),
                filter.pid().isPresent() ? filter.pid().getAsInt() : null,
                filter.since().map(Instant::toEpochMilli).orElse(0L),
                filter.limit());
    }

    /**
     * Forgets what ended or happened before the given time; what is away or undecided is never
     * touched.
     */
    void prune(Connection connection, Instant before) throws SQLException {
        long limit = before.toEpochMilli();
        Rows.change(connection, "DELETE FROM events WHERE at < ?", limit);
        Rows.change(connection, "DELETE FROM refused_moves WHERE at < ?", limit);
        Rows.change(
                connection,
                "DELETE FROM moves WHERE state <> 'INTENT' AND begun < ? AND process NOT IN"
                        + " (SELECT process FROM processes WHERE ended IS NULL)",
                limit);
        Rows.change(
                connection, "DELETE FROM processes WHERE ended IS NOT NULL AND ended < ?", limit);
    }
}
