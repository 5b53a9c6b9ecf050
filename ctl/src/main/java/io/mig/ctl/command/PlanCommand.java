package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.Cell;
import io.mig.ctl.render.Colour;
import io.mig.ctl.render.Column;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Table;
import io.mig.ctl.render.Text;
import io.mig.ctl.render.Units;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mig plan}: what every node would move now, and why; nothing is moved. */
@Command(
        name = "plan",
        description = "Show the moves that would be made now, with reasons; moves nothing.")
final class PlanCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print a JSON array.")
    private boolean json;

    PlanCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        return show(context, context.ask("plan", JsonObject.EMPTY), json, "nothing should move");
    }

    static int show(CliContext context, JsonValue answer, boolean json, String nothing) {
        JsonArray rows = CliContext.rows(answer, "plan");
        if (json) {
            JsonPrinter.print(context.out(), rows);
        } else if (rows.size() == 0) {
            context.out().line(nothing);
        } else {
            Table table =
                    new Table(
                            Column.word("PROCESS"),
                            Column.text("COMMAND", 6).optional(3),
                            Column.word("FROM"),
                            Column.word("TO"),
                            Column.word("WHEN"),
                            Column.number("SAVES").optional(2),
                            Column.number("FREEZE").optional(4),
                            Column.word("REASON"),
                            Column.text("WHY", 10).optional(1));
            for (JsonObject row : rows.objects()) {
                boolean automatic = row.isTrue("automatic");
                String when = row.string("when", "-");
                table.row(
                        Cell.of(row.string("process", "-")),
                        Cell.of(row.string("command", "-")),
                        Cell.of(row.string("from", "-")),
                        Cell.of(row.string("to", "-")),
                        new Cell(
                                when.equals("now") && !automatic ? "advice" : when,
                                automatic ? Colour.GREEN : Colour.YELLOW),
                        Cell.of(Fields.number(row, "savesSeconds", PlanCommand::seconds)),
                        Cell.of(Fields.number(row, "freezeMs", Units::millis)),
                        Cell.of(row.string("reason", "-")),
                        Cell.of(row.string("why", "-")));
            }
            table.print(context.out());
        }
        warnSilent(context, answer, "plan");
        return ExitCode.OK;
    }

    private static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%.1f s", seconds);
    }

    static void warnSilent(CliContext context, JsonValue answer, String verb) {
        if (answer instanceof JsonObject object) {
            for (JsonObject node : object.array("unreachable").objects()) {
                String line =
                        "mig "
                                + verb
                                + ": no answer from node="
                                + node.string("node", "?")
                                + ": "
                                + node.string("why", "unknown");
                context.err().line(Text.clean(line));
            }
        }
    }
}
