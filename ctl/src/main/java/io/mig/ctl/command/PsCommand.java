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
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mig ps}: every managed process of the cluster, where it is at home and where it runs. */
@Command(
        name = "ps",
        description = "List managed processes of all nodes: home, pid, where each runs.")
final class PsCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print a JSON array.")
    private boolean json;

    PsCommand(CliContext context) {
        this(context, false);
    }

    PsCommand(CliContext context, boolean json) {
        this.context = context;
        this.json = json;
    }

    @Override
    public Integer call() throws ControlException {
        // a table has no columns for what is measured, and a thousand rows are sent faster without
        JsonValue answer = context.ask("ps", JsonObject.builder().put("measured", json).build());
        JsonArray rows = CliContext.rows(answer, "processes");
        if (json) {
            JsonPrinter.print(context.out(), rows);
        } else if (rows.size() == 0) {
            context.out()
                    .line(
                            "no managed process; 'mig run CMD' starts one, 'mig migrate PROCESS"
                                    + " NODE' moves any");
        } else {
            table(rows).print(context.out());
            rows.objects().forEach(this::tellWhy);
        }
        if (answer instanceof JsonObject object) {
            object.array("unreachable").objects().forEach(this::warn);
        }
        return ExitCode.OK;
    }

    private static Table table(JsonArray rows) {
        Table table =
                new Table(
                        Column.word("HOME"),
                        Column.number("PID"),
                        Column.word("NODE"),
                        Column.word("STATE"),
                        Column.number("CPU").optional(3),
                        Column.number("RSS").optional(2),
                        Column.text("USER", 4).optional(1),
                        Column.text("COMMAND", 8));
        for (JsonObject row : rows.objects()) {
            String home = row.string("home", "?");
            String node = row.string("node", "?");
            table.row(
                    Cell.of(home),
                    Cell.of(Fields.integer(row, "pid")),
                    new Cell(node, node.equals(home) ? Colour.NONE : Colour.CYAN),
                    Fields.state(row),
                    Cell.of(Fields.number(row, "cpu", Units::percent)),
                    Cell.of(Fields.number(row, "rssBytes", Units::bytes)),
                    Cell.of(row.string("user", "-")),
                    Cell.of(row.string("command", "-")));
        }
        return table;
    }

    private void tellWhy(JsonObject row) {
        String why = row.string("why", "");
        if (!why.isEmpty()) {
            context.err().line(Text.clean("mig ps: " + row.string("process", "?") + ": " + why));
        }
    }

    private void warn(JsonObject node) {
        String text =
                "mig ps: no answer from node="
                        + node.string("node", "?")
                        + ": "
                        + node.string("why", "unknown")
                        + "; its guests are not shown or may be outdated";
        context.err().line(Text.clean(text));
    }
}
