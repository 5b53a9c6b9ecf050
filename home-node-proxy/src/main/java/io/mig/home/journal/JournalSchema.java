package io.mig.home.journal;

import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * The tables. Times are milliseconds since 1970, durations microseconds; ids are stored in their
 * text form, so that the file can be read with any SQLite shell. {@code PRAGMA user_version} is the
 * schema's version; a step per version, never edited.
 */
final class JournalSchema {
    static final int VERSION = 1;

    private static final List<String> VERSION_1 =
            List.of(
                    """
            CREATE TABLE processes (
              process TEXT PRIMARY KEY, pid INTEGER NOT NULL, epoch INTEGER NOT NULL CHECK (epoch >= 0),
              owner TEXT NOT NULL, uid INTEGER NOT NULL, command TEXT NOT NULL, since INTEGER NOT NULL,
              ended INTEGER, status INTEGER
            ) STRICT""",
                    """
            CREATE TABLE deputies (
              process TEXT NOT NULL REFERENCES processes(process) ON DELETE CASCADE, pid INTEGER NOT NULL,
              start_ticks INTEGER NOT NULL, config TEXT NOT NULL, keep TEXT NOT NULL,
              ready INTEGER NOT NULL DEFAULT 0, keeper INTEGER, ended INTEGER, status INTEGER,
              PRIMARY KEY (process, pid)
            ) STRICT, WITHOUT ROWID""",
                    """
            CREATE TABLE moves (
              move TEXT PRIMARY KEY, process TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
              epoch INTEGER NOT NULL, uid INTEGER NOT NULL, command TEXT NOT NULL, reason TEXT NOT NULL,
              state TEXT NOT NULL CHECK (state IN ('INTENT', 'COMMITTED', 'ABORTED')),
              begun INTEGER NOT NULL, decided INTEGER, note TEXT NOT NULL DEFAULT '',
              mode TEXT, phases TEXT, bytes INTEGER, freeze INTEGER, total INTEGER, outcome TEXT
            ) STRICT""",
                    "CREATE INDEX moves_by_process ON moves(process, begun)",
                    "CREATE INDEX moves_by_time ON moves(begun)",
                    "CREATE UNIQUE INDEX one_intent_per_process ON moves(process) WHERE state = 'INTENT'",
                    "CREATE UNIQUE INDEX one_commit_per_epoch ON moves(process, epoch) WHERE state = 'COMMITTED'",
                    // whatever the program above may do wrong, a decision is written once
                    """
            CREATE TRIGGER decision_is_final BEFORE UPDATE OF state ON moves
            WHEN OLD.state <> 'INTENT' AND NEW.state <> OLD.state
            BEGIN SELECT RAISE(ABORT, 'a decided move cannot be decided otherwise'); END""",
                    """
            CREATE TRIGGER epoch_only_grows BEFORE UPDATE OF epoch ON processes
            WHEN NEW.epoch <> OLD.epoch + 1
            BEGIN SELECT RAISE(ABORT, 'the epoch of a process grows by one'); END""",
                    "CREATE TABLE refused_moves (move TEXT PRIMARY KEY, at INTEGER NOT NULL, note TEXT NOT NULL) STRICT, WITHOUT ROWID",
                    "CREATE TABLE events (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, process TEXT, kind TEXT NOT NULL,"
                            + " text TEXT NOT NULL) STRICT",
                    "CREATE INDEX events_by_process ON events(process, at)",
                    "CREATE INDEX events_by_time ON events(at)");

    private JournalSchema() {}

    /** Brings an empty or older file to this version, inside the caller's transaction. */
    static void apply(Statement statement, int applicationId, Path file) throws SQLException {
        int application = pragma(statement, "application_id");
        int version = pragma(statement, "user_version");
        if (application == 0 && version == 0 && isEmpty(statement)) {
            for (String sql : VERSION_1) {
                statement.execute(sql);
            }
            statement.execute("PRAGMA application_id=" + applicationId);
            statement.execute("PRAGMA user_version=" + VERSION);
            return;
        }
        if (application != applicationId) {
            throw new JournalException(
                    JournalException.Outcome.NOT_DONE,
                    "cannot open the journal file="
                            + file
                            + ": it is another program's database, application_id="
                            + application
                            + "; give the journal another place");
        }
        if (version != VERSION) {
            // a newer agent wrote it: by no means touch it
            throw new JournalException(
                    JournalException.Outcome.NOT_DONE,
                    "cannot open the journal file="
                            + file
                            + ": its schema version="
                            + version
                            + ", this agent knows version="
                            + VERSION
                            + "; run the agent version that wrote it");
        }
    }

    private static boolean isEmpty(Statement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM sqlite_schema")) {
            return rows.next() && rows.getInt(1) == 0;
        }
    }

    private static int pragma(Statement statement, String name) throws SQLException {
        try (ResultSet rows = statement.executeQuery("PRAGMA " + name)) {
            return rows.next() ? rows.getInt(1) : 0;
        }
    }
}
