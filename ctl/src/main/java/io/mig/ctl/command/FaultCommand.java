package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.Column;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Table;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.json.JsonString;
import io.mig.json.JsonValue;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mig fault list}: the named points where a test can make a move go wrong. */
@Command(
        name = "fault",
        description =
                "List the points where MIG_FAULTS=point:kind makes a move go wrong (fault list).")
final class FaultCommand implements Callable<Integer> {
    /**
     * What can be done with fault points from here; they are armed by the agent's environment only.
     */
    enum Action {
        /** Shows them. */
        list
    }

    private final CliContext context;

    @Option(names = "--json", description = "Print a JSON array.")
    private boolean json;

    @Parameters(index = "0", paramLabel = "list", description = "The only action.")
    private Action action = Action.list;

    FaultCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonArray rows =
                CliContext.rows(context.ask("fault-" + action, JsonObject.EMPTY), "points");
        if (json) {
            JsonPrinter.print(context.out(), rows);
        } else {
            table(rows).print(context.out());
        }
        return ExitCode.OK;
    }

    private static Table table(JsonArray rows) {
        Table table =
                new Table(
                        Column.word("POINT"),
                        Column.word("SIDE"),
                        Column.text("KINDS", 10),
                        Column.text("WHERE", 10).optional(1));
        for (JsonObject row : rows.objects()) {
            table.row(
                    row.string("point", "-"),
                    row.string("side", "-"),
                    String.join(" ", texts(row.array("kinds"))),
                    row.string("where", "-"));
        }
        return table;
    }

    private static List<String> texts(JsonArray array) {
        return array.elements().stream()
                .filter(JsonString.class::isInstance)
                .map((JsonValue value) -> ((JsonString) value).text())
                .toList();
    }
}
