package io.mig.home.journal;

import io.mig.home.journal.MoveReport.Phase;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Statements on moves and refused_moves; called on the writer thread inside its transaction. */
final class MoveTable {
    private final ProcessTable processes;

    MoveTable(ProcessTable processes) {
        this.processes = processes;
    }

    MoveRecord begin(Connection connection, MoveIntent intent, Instant now) throws SQLException {
        MoveId move = intent.move();
        Optional<MoveRecord> known = find(connection, move);
        if (known.isPresent()) {
            if (!known.get().intent().equals(intent) || known.get().decision() != Decision.INTENT) {
                throw refused(
                        move,
                        known.get().decision(),
                        "begin: a move with this id is recorded already",
                        intent);
            }
            return known.get();
        }
        if (decision(connection, move) == Decision.ABORTED) {
            throw refused(move, Decision.ABORTED, "begin: it was given up before it began", intent);
        }
        processes.expect(connection, intent);
        Optional<MoveId> other =
                Rows.one(
                        connection,
                        "SELECT move FROM moves WHERE process = ? AND state = 'INTENT'",
                        row -> MoveId.parse(row.getString(1)),
                        intent.process().toString());
        if (other.isPresent()) {
            throw refused(
                    move,
                    Decision.UNKNOWN,
                    "begin: another move of this process is under way, move=" + other.get(),
                    intent);
        }
        Rows.change(
                connection,
                "INSERT INTO moves(move, process, source, target, epoch, uid, command, reason, state, begun)"
                        + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'INTENT', ?)",
                move.toString(),
                intent.process().toString(),
                intent.source().name(),
                intent.target().name(),
                intent.epoch().value(),
                intent.uid(),
                intent.command(),
                intent.reason(),
                now.toEpochMilli());
        return new MoveRecord(intent, Decision.INTENT, now, Optional.empty(), "", Optional.empty());
    }

    void commit(
            Connection connection, MoveId move, Optional<List<DeputyRecord>> deputies, Instant now)
            throws SQLException {
        Optional<MoveRecord> known = find(connection, move);
        Decision recorded = decision(connection, move);
        if (recorded == Decision.COMMITTED) {
            return;
        }
        if (known.isEmpty() || recorded != Decision.INTENT) {
            throw new DecisionRefusedException(
                    move,
                    recorded,
                    "commit refused: move=" + move + " recorded decision=" + recorded);
        }
        MoveIntent intent = known.get().intent();
        processes.expect(connection, intent);
        processes.changeOwner(connection, intent, deputies, now);
        decide(connection, move, Decision.COMMITTED, "", now);
    }

    void abort(Connection connection, MoveId move, String note, Instant now) throws SQLException {
        Optional<MoveRecord> known = find(connection, move);
        Decision recorded = decision(connection, move);
        switch (recorded) {
            case ABORTED -> {}
            case COMMITTED ->
                    throw new DecisionRefusedException(
                            move,
                            recorded,
                            "abort refused: move=" + move + " recorded decision=" + recorded);
            case INTENT -> {
                decide(connection, move, Decision.ABORTED, note, now);
                processes.forgetIfNeverMoved(connection, known.orElseThrow().intent().process());
            }
            case UNKNOWN ->
                    Rows.change(
                            connection,
                            "INSERT INTO refused_moves(move, at, note) VALUES (?, ?, ?)",
                            move.toString(),
                            now.toEpochMilli(),
                            note);
        }
    }

    void finish(Connection connection, MoveId move, MoveReport report) throws SQLException {
        String phases =
                report.phases().stream()
                        .map(phase -> phase.name() + "=" + Rows.micros(phase.took()))
                        .collect(Collectors.joining("\n"));
        int changed =
                Rows.change(
                        connection,
                        "UPDATE moves SET mode = ?, phases = ?, bytes = ?, freeze = ?, total = ?, outcome = ? WHERE move = ?",
                        report.mode(),
                        phases,
                        report.bytes(),
                        Rows.micros(report.freeze()),
                        Rows.micros(report.total()),
                        report.outcome(),
                        move.toString());
        if (changed == 0) {
            throw new DecisionRefusedException(
                    move,
                    decision(connection, move),
                    "report refused: no move=" + move + " is recorded");
        }
    }

    Decision decision(Connection connection, MoveId move) throws SQLException {
        String id = move.toString();
        return Rows.one(
                        connection,
                        "SELECT state FROM moves WHERE move = ?1"
                                + " UNION ALL SELECT 'ABORTED' FROM refused_moves WHERE move = ?1",
                        row -> Decision.valueOf(row.getString(1)),
                        id)
                .orElse(Decision.UNKNOWN);
    }

    Optional<MoveRecord> find(Connection connection, MoveId move) throws SQLException {
        return Rows.one(
                connection, "SELECT * FROM moves WHERE move = ?", MoveTable::map, move.toString());
    }

    List<MoveRecord> undecided(Connection connection) throws SQLException {
        return Rows.list(
                connection,
                "SELECT * FROM moves WHERE state = 'INTENT' ORDER BY begun",
                MoveTable::map);
    }

    List<MoveRecord> log(Connection connection, LogFilter filter) throws SQLException {
        return Rows.list(
                connection,
                "SELECT * FROM moves WHERE (?1 IS NULL OR process = ?1)"
                        + " AND (?2 IS NULL OR process LIKE '%:' || ?2 || '@%')"
                        + " AND begun >= ?3 ORDER BY begun DESC, rowid DESC LIMIT ?4",
                MoveTable::map,
                filter.process().map(HomePid::toString).orElse(null),
                filter.pid().isPresent() ? filter.pid().getAsInt() : null,
                filter.since().map(Instant::toEpochMilli).orElse(0L),
                filter.limit());
    }

    private static void decide(
            Connection connection, MoveId move, Decision decision, String note, Instant now)
            throws SQLException {
        Rows.change(
                connection,
                "UPDATE moves SET state = ?, decided = ?, note = ? WHERE move = ?",
                decision.name(),
                now.toEpochMilli(),
                note,
                move.toString());
    }

    private static MoveRecord map(ResultSet row) throws SQLException {
        MoveIntent intent =
                new MoveIntent(
                        MoveId.parse(row.getString("move")),
                        HomePid.parse(row.getString("process")),
                        new NodeId(row.getString("source")),
                        new NodeId(row.getString("target")),
                        new Epoch(row.getLong("epoch")),
                        row.getInt("uid"),
                        row.getString("command"),
                        row.getString("reason"));
        return new MoveRecord(
                intent,
                Decision.valueOf(row.getString("state")),
                Rows.instant(row, "begun"),
                Rows.optionalInstant(row, "decided"),
                row.getString("note"),
                report(row));
    }

    private static Optional<MoveReport> report(ResultSet row) throws SQLException {
        String outcome = row.getString("outcome");
        if (outcome == null) {
            return Optional.empty();
        }
        List<Phase> phases = new ArrayList<>();
        for (String line : row.getString("phases").lines().toList()) {
            int equals = line.indexOf('=');
            phases.add(
                    new Phase(
                            line.substring(0, equals),
                            Rows.ofMicros(Long.parseLong(line.substring(equals + 1)))));
        }
        return Optional.of(
                new MoveReport(
                        row.getString("mode"),
                        phases,
                        row.getLong("bytes"),
                        Rows.ofMicros(row.getLong("freeze")),
                        Rows.ofMicros(row.getLong("total")),
                        outcome));
    }

    static DecisionRefusedException refused(
            MoveId move, Decision recorded, String why, MoveIntent intent) {
        return new DecisionRefusedException(
                move,
                recorded,
                why
                        + ": move="
                        + move
                        + " process="
                        + intent.process()
                        + " source="
                        + intent.source().name()
                        + " target="
                        + intent.target().name()
                        + " epoch="
                        + intent.epoch().value()
                        + " recorded decision="
                        + recorded);
    }
}
