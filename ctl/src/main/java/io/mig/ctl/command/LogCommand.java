package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.Cell;
import io.mig.ctl.render.Column;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Table;
import io.mig.ctl.render.Text;
import io.mig.ctl.render.Units;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code mig log [PROCESS]}: the moves of the journal, oldest first, with phases, freeze, bytes,
 * reason and outcome.
 */
@Command(name = "log", description = "List moves: when, from, to, freeze, bytes, outcome, reason.")
final class LogCommand implements Callable<Integer> {
    private final CliContext context;

    @Spec private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "Print a JSON array.")
    private boolean json;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "COUNT",
            description = "Show at most so many, the newest (default: ${DEFAULT-VALUE}).")
    private int limit = 50;

    @Option(
            names = "--phases",
            description = "Show how long each phase took; always shown for a single process.")
    private boolean phases;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "PROCESS",
            description = "Moves of this process only.")
    private @Nullable String process;

    LogCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        if (limit < 1 && spec != null) {
            throw new ParameterException(
                    spec.commandLine(), "--limit must be 1 or more, not " + limit);
        }
        JsonObject.Builder args = JsonObject.builder().put("limit", limit);
        if (process != null) {
            args.put("process", process);
        }
        List<JsonValue> all = CliContext.rows(context.ask("log", args.build()), "moves").elements();
        JsonArray rows = new JsonArray(all.subList(Math.max(0, all.size() - limit), all.size()));
        if (json) {
            JsonPrinter.print(context.out(), rows);
        } else if (rows.size() == 0) {
            context.out().line("no moves" + (process == null ? "" : " of " + Text.clean(process)));
        } else {
            table(rows).print(context.out());
            if (phases || process != null) {
                rows.objects().forEach(this::printPhases);
            }
        }
        return ExitCode.OK;
    }

    private static Table table(JsonArray rows) {
        Table table =
                new Table(
                        Column.word("TIME").optional(5),
                        Column.word("PROCESS"),
                        Column.text("COMMAND", 6).optional(3),
                        Column.word("FROM"),
                        Column.word("TO"),
                        Column.word("OUTCOME"),
                        Column.number("FREEZE"),
                        Column.number("TOTAL").optional(4),
                        Column.number("BYTES").optional(2),
                        Column.text("REASON", 10).optional(1));
        for (JsonObject row : rows.objects()) {
            String outcome = row.string("outcome", "-");
            table.row(
                    Cell.of(row.string("time", "-")),
                    Cell.of(row.string("process", "-")),
                    Cell.of(row.string("command", "-")),
                    Cell.of(row.string("from", "-")),
                    Cell.of(row.string("to", "-")),
                    new Cell(outcome, Fields.colour(outcome)),
                    Cell.of(Fields.number(row, "freezeMs", Units::millis)),
                    Cell.of(Fields.number(row, "totalMs", Units::millis)),
                    Cell.of(Fields.number(row, "bytes", Units::bytes)),
                    Cell.of(row.string("reason", "-")));
        }
        return table;
    }

    private void printPhases(JsonObject row) {
        String move =
                row.string("time", "-")
                        + " "
                        + row.string("process", "-")
                        + " "
                        + row.string("from", "-")
                        + " -> "
                        + row.string("to", "-");
        context.out().line(Text.clean(move + ": " + Fields.phases(row.object("phases"))));
    }
}
