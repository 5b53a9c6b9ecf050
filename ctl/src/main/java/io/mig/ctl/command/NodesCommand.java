package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.Cell;
import io.mig.ctl.render.ClockWords;
import io.mig.ctl.render.Column;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Table;
import io.mig.ctl.render.Text;
import io.mig.ctl.render.Units;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mig nodes}: the nodes of the cluster as this node's agent sees them. */
@Command(name = "nodes", description = "List the nodes: state, load, memory, guests, versions.")
final class NodesCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print a JSON array.")
    private boolean json;

    NodesCommand(CliContext context) {
        this(context, false);
    }

    NodesCommand(CliContext context, boolean json) {
        this.context = context;
        this.json = json;
    }

    @Override
    public Integer call() throws ControlException {
        JsonArray rows = CliContext.rows(context.ask("nodes", JsonObject.EMPTY), "nodes");
        if (json) {
            JsonPrinter.print(context.out(), rows);
        } else {
            table(rows).print(context.out());
            rows.objects().forEach(this::explain);
        }
        return ExitCode.OK;
    }

    private void explain(JsonObject row) {
        String why = row.string("why", "");
        if (!why.isEmpty()) {
            remark(row, why);
        }
        ClockWords.apart(row)
                .ifPresent(
                        apart ->
                                remark(
                                        row,
                                        "its clock is "
                                                + apart
                                                + "; moves do not mind, but times in lists are each"
                                                + " node's own: let both follow a time server (chrony,"
                                                + " systemd-timesyncd)"));
        String doubt = row.string("doubt", "");
        if (!doubt.isEmpty()) {
            remark(row, doubt);
        }
    }

    private void remark(JsonObject row, String text) {
        context.out().line(Text.clean(row.string("node", "?") + ": " + text));
    }

    private static Table table(JsonArray rows) {
        Table table =
                new Table(
                        Column.word("NODE"),
                        Column.word("STATE"),
                        Column.number("CPUS"),
                        Column.number("BUSY"),
                        Column.number("LOAD").optional(5),
                        Column.number("FREE"),
                        Column.number("MEMORY").optional(6),
                        Column.number("GUESTS"),
                        Column.number("AWAY"),
                        Column.word("CRIU").optional(3),
                        Column.word("AGENT").optional(2),
                        Column.text("KERNEL", 6).optional(1));
        for (JsonObject row : rows.objects()) {
            table.row(
                    Cell.of(row.string("node", "?")),
                    Fields.state(row),
                    Cell.of(Fields.integer(row, "cpus")),
                    Cell.of(Fields.number(row, "cpuBusy", Units::percent)),
                    Cell.of(
                            Fields.number(
                                    row,
                                    "load1",
                                    load -> String.format(Locale.ROOT, "%.2f", load))),
                    Cell.of(Fields.number(row, "memAvailableBytes", Units::bytes)),
                    Cell.of(Fields.number(row, "memTotalBytes", Units::bytes)),
                    Cell.of(Fields.integer(row, "guests")),
                    Cell.of(Fields.integer(row, "away")),
                    Cell.of(row.string("criu", "-")),
                    Cell.of(row.string("agentVersion", "-")),
                    Cell.of(row.string("kernel", "-")));
        }
        return table;
    }
}
