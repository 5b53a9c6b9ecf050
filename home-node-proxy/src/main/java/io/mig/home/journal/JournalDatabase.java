package io.mig.home.journal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteErrorCode;

/**
 * Opens the file: lock, integrity check, schema. Used by the writer thread alone.
 *
 * <p>{@code locking_mode=EXCLUSIVE} does two things: a second agent on the same file is turned
 * away, and the index of the write-ahead log lives in private memory instead of a mapped file (on a
 * full disk, touching a page of such a mapping that has no block would kill the JVM by SIGBUS).
 */
final class JournalDatabase {
    private static final Logger LOG = LoggerFactory.getLogger(JournalDatabase.class);
    private static final int APPLICATION_ID = 0x6D69676A; // "migj"
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final Path file;
    private final Clock clock;
    private final List<String> extraPragmas;

    JournalDatabase(Path file, Clock clock, List<String> extraPragmas) {
        this.file = file;
        this.clock = clock;
        this.extraPragmas = List.copyOf(extraPragmas);
    }

    record Opened(Connection connection, OpenReport report) {}

    Path file() {
        return file;
    }

    /**
     * Opens the journal; a file that is no intact journal is moved aside and a new one begun, which
     * the report tells.
     */
    Opened open() {
        SqliteLibrary.install(directory());
        try {
            Files.createDirectories(directory());
            try {
                return new Opened(connect(), OpenReport.fine(file));
            } catch (SQLException e) {
                if (!isBroken(e)) {
                    throw e;
                }
                OpenReport report = moveAside(e);
                return new Opened(connect(), report);
            }
        } catch (IOException | SQLException e) {
            throw cannotOpen(e);
        }
    }

    /** Opens it again after a failure of the disk; never moves anything aside. */
    Connection reopen() throws SQLException {
        Connection connection = connect();
        try (Statement statement = connection.createStatement()) {
            // what is read from here on is what the decisions rest on: write it again, in case the
            // failed sync had lost
            // it
            statement.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
        return connection;
    }

    private Connection connect() throws SQLException {
        boolean fresh = !Files.exists(file);
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA locking_mode=EXCLUSIVE");
            statement.execute("PRAGMA busy_timeout=2000");
            statement.execute("PRAGMA journal_mode=WAL");
            statement.execute("PRAGMA synchronous=FULL");
            statement.execute("PRAGMA foreign_keys=ON");
            for (String pragma : extraPragmas) {
                statement.execute("PRAGMA " + pragma);
            }
            statement.execute(
                    "BEGIN IMMEDIATE"); // takes the lock for as long as the connection lives
            checkIntegrity(statement);
            JournalSchema.apply(statement, APPLICATION_ID, file);
            statement.execute("COMMIT");
        } catch (SQLException | RuntimeException e) {
            try {
                connection.close();
            } catch (SQLException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
        if (fresh) {
            syncDirectory();
        }
        return connection;
    }

    private static void checkIntegrity(Statement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery("PRAGMA integrity_check(3)")) {
            StringBuilder trouble = new StringBuilder();
            while (rows.next()) {
                if (!"ok".equals(rows.getString(1))) {
                    trouble.append(trouble.isEmpty() ? "" : "; ").append(rows.getString(1));
                }
            }
            if (!trouble.isEmpty()) {
                throw new SQLException(
                        "integrity check failed: " + trouble,
                        null,
                        SQLiteErrorCode.SQLITE_CORRUPT.code);
            }
        }
    }

    private static boolean isBroken(SQLException e) {
        int primary = SqliteErrors.primary(e);
        return primary == SQLiteErrorCode.SQLITE_CORRUPT.code
                || primary == SQLiteErrorCode.SQLITE_NOTADB.code;
    }

    private OpenReport moveAside(SQLException cause) throws IOException {
        Instant now = clock.instant();
        Path broken = file.resolveSibling(file.getFileName() + ".broken-" + STAMP.format(now));
        for (String suffix : List.of("", "-wal", "-shm", "-journal")) {
            Path part = file.resolveSibling(file.getFileName() + suffix);
            if (Files.exists(part)) {
                Files.move(part, broken.resolveSibling(broken.getFileName() + suffix));
            }
        }
        syncDirectory();
        LOG.error(
                "journal file={} is broken ({}); moved aside to {} and begun anew: processes that are away may be unknown now",
                file,
                cause.getMessage(),
                broken);
        return new OpenReport(file, Optional.of(broken), String.valueOf(cause.getMessage()));
    }

    private JournalException cannotOpen(Exception e) {
        String remedy =
                e instanceof SQLException sql
                                && SqliteErrors.primary(sql) == SQLiteErrorCode.SQLITE_BUSY.code
                        ? "another agent has it open; stop that one, or give this one its own state directory"
                        : "check that the directory is writable and has room";
        return new JournalException(
                JournalException.Outcome.NOT_DONE,
                "cannot open the journal file=" + file + ": " + e.getMessage() + "; " + remedy,
                e);
    }

    private Path directory() {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? Path.of("/") : parent;
    }

    private void syncDirectory() {
        try (FileChannel channel = FileChannel.open(directory(), StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            LOG.warn("cannot sync directory={} of the journal", directory(), e);
        }
    }
}
