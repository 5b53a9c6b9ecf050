package io.mig.home.journal;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Statements on processes and deputies; called on the writer thread inside its transaction. */
final class ProcessTable {
    ProcessTable() {}

    /**
     * Refuses unless the move starts where the process is: same owner, current epoch plus one.
     * Records a new process.
     */
    void expect(Connection connection, MoveIntent intent) throws SQLException {
        Optional<ProcessRecord> known = find(connection, intent.process());
        if (known.isEmpty()) {
            expectFirst(connection, intent);
            return;
        }
        ProcessRecord process = known.get();
        String seen =
                " current owner="
                        + process.owner().name()
                        + " current epoch="
                        + process.epoch().value()
                        + " ended="
                        + process.ended();
        Decision recorded = Decision.UNKNOWN;
        if (process.ended()) {
            throw MoveTable.refused(
                    intent.move(), recorded, "the process has ended;" + seen, intent);
        }
        if (!process.owner().equals(intent.source())) {
            throw MoveTable.refused(
                    intent.move(), recorded, "the source is not the owner;" + seen, intent);
        }
        if (intent.epoch().value() != process.epoch().value() + 1) {
            throw MoveTable.refused(
                    intent.move(), recorded, "the epoch is not the next one;" + seen, intent);
        }
    }

    private static void expectFirst(Connection connection, MoveIntent intent) throws SQLException {
        HomePid process = intent.process();
        if (!intent.source().equals(process.home()) || intent.epoch().value() != 1) {
            throw MoveTable.refused(
                    intent.move(),
                    Decision.UNKNOWN,
                    "this process was never moved: it can only start at home with epoch 1",
                    intent);
        }
        Rows.change(
                connection,
                "INSERT INTO processes(process, pid, epoch, owner, uid, command, since) VALUES (?, ?, 0, ?, ?, ?, ?)",
                process.toString(),
                process.pid(),
                process.home().name(),
                intent.uid(),
                intent.command(),
                0L);
    }

    void changeOwner(
            Connection connection,
            MoveIntent intent,
            Optional<List<DeputyRecord>> deputies,
            Instant now)
            throws SQLException {
        Rows.change(
                connection,
                "UPDATE processes SET epoch = ?, owner = ?, since = ?, command = ? WHERE process = ?",
                intent.epoch().value(),
                intent.target().name(),
                now.toEpochMilli(),
                intent.command(),
                intent.process().toString());
        if (deputies.isPresent()) {
            for (DeputyRecord deputy : deputies.get()) {
                addDeputy(connection, intent.process(), deputy);
            }
        }
    }

    private static void addDeputy(Connection connection, HomePid process, DeputyRecord deputy)
            throws SQLException {
        Rows.change(
                connection,
                "INSERT INTO deputies(process, pid, start_ticks, config, keep) VALUES (?, ?, ?, ?, ?)"
                        + " ON CONFLICT(process, pid) DO UPDATE SET config = excluded.config, keep = excluded.keep",
                process.toString(),
                deputy.pid(),
                deputy.startTicks(),
                deputy.config(),
                deputy.keep().stream().map(String::valueOf).collect(Collectors.joining(",")));
    }

    boolean deputyReady(Connection connection, HomePid process, int pid) throws SQLException {
        return Rows.change(
                        connection,
                        "UPDATE deputies SET ready = 1 WHERE process = ? AND pid = ?",
                        process.toString(),
                        pid)
                > 0;
    }

    boolean deputyEnded(
            Connection connection,
            HomePid process,
            int pid,
            OptionalInt status,
            OptionalInt keeper,
            Instant now)
            throws SQLException {
        return Rows.change(
                        connection,
                        "UPDATE deputies SET ended = coalesce(ended, ?), status = coalesce(status, ?), keeper = ?"
                                + " WHERE process = ? AND pid = ?",
                        now.toEpochMilli(),
                        boxed(status),
                        boxed(keeper),
                        process.toString(),
                        pid)
                > 0;
    }

    /** Marks the process as ended; false when it is not known or has ended before. */
    boolean ended(Connection connection, HomePid process, OptionalInt status, Instant now)
            throws SQLException {
        return Rows.change(
                        connection,
                        "UPDATE processes SET ended = ?, status = ? WHERE process = ? AND ended IS NULL",
                        now.toEpochMilli(),
                        boxed(status),
                        process.toString())
                > 0;
    }

    void forgetIfNeverMoved(Connection connection, HomePid process) throws SQLException {
        Rows.change(
                connection,
                "DELETE FROM processes WHERE process = ? AND epoch = 0",
                process.toString());
    }

    Optional<ProcessRecord> find(Connection connection, HomePid process) throws SQLException {
        return select(connection, "WHERE process = ?", process.toString()).stream().findFirst();
    }

    List<ProcessRecord> away(Connection connection) throws SQLException {
        return select(connection, "WHERE epoch > 0 AND ended IS NULL ORDER BY since");
    }

    private static List<ProcessRecord> select(
            Connection connection, String where, @Nullable Object... values) throws SQLException {
        List<ProcessRecord> bare =
                Rows.list(
                        connection, "SELECT * FROM processes " + where, ProcessTable::map, values);
        List<ProcessRecord> full = new ArrayList<>(bare.size());
        for (ProcessRecord record : bare) {
            full.add(
                    new ProcessRecord(
                            record.process(),
                            record.epoch(),
                            record.owner(),
                            record.uid(),
                            record.command(),
                            record.since(),
                            record.ended(),
                            record.status(),
                            deputies(connection, record.process())));
        }
        return full;
    }

    private static List<DeputyRecord> deputies(Connection connection, HomePid process)
            throws SQLException {
        return Rows.list(
                connection,
                "SELECT * FROM deputies WHERE process = ? ORDER BY pid",
                row ->
                        new DeputyRecord(
                                row.getInt("pid"),
                                row.getLong("start_ticks"),
                                row.getString("config"),
                                descriptors(row.getString("keep")),
                                row.getInt("ready") != 0,
                                Rows.optionalInt(row, "keeper"),
                                Rows.optionalInstant(row, "ended").isPresent(),
                                Rows.optionalInt(row, "status")),
                process.toString());
    }

    private static ProcessRecord map(ResultSet row) throws SQLException {
        return new ProcessRecord(
                HomePid.parse(row.getString("process")),
                new Epoch(row.getLong("epoch")),
                new NodeId(row.getString("owner")),
                row.getInt("uid"),
                row.getString("command"),
                Rows.instant(row, "since"),
                Rows.optionalInstant(row, "ended").isPresent(),
                Rows.optionalInt(row, "status"),
                List.of());
    }

    private static List<Integer> descriptors(String text) {
        return text.isEmpty()
                ? List.of()
                : Stream.of(text.split(",", -1)).map(Integer::valueOf).toList();
    }

    private static @Nullable Integer boxed(OptionalInt value) {
        return value.isPresent() ? value.getAsInt() : null;
    }
}
