package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.Cell;
import io.mig.ctl.render.Colour;
import io.mig.ctl.render.Column;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Screen;
import io.mig.ctl.render.Table;
import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code mig can PROCESS [NODE]}: every obstacle to a move, with its owner and a remedy, before
 * anything is frozen.
 */
@Command(
        name = "can",
        description =
                "Say whether a process can move, what stands in the way, and where it would run.")
final class CanCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(
            index = "0",
            paramLabel = "PROCESS",
            description = "Pid, NODE:PID, or command name.")
    private String process = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "NODE",
            description = "Ask for this node only.")
    private @Nullable String node;

    CanCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject.Builder args = JsonObject.builder().put("process", process);
        if (node != null) {
            args.put("node", node);
        }
        JsonObject answer = context.askObject("can", args.build());
        if (json) {
            JsonPrinter.print(context.out(), answer);
        } else {
            print(answer);
        }
        return answer.isTrue("movable") ? ExitCode.OK : ExitCode.FAILED;
    }

    private void print(JsonObject answer) {
        Screen out = context.out();
        boolean movable = answer.isTrue("movable");
        String command = answer.string("command", "");
        out.line(
                answer.string("process", process)
                        + (command.isEmpty() ? "" : " (" + Text.clean(command) + ")")
                        + (movable
                                ? out.paint(Colour.GREEN, " can move")
                                : out.paint(Colour.RED, " cannot move"))
                        + (node == null ? "" : " to " + Text.clean(node)));
        List<JsonObject> obstacles = answer.array("obstacles").objects();
        for (JsonObject obstacle : obstacles) {
            String owner = obstacle.string("owner", "");
            String where = obstacle.string("node", "");
            out.line(
                    "  - "
                            + Text.clean(obstacle.string("what", "?"))
                            + (where.isEmpty() ? "" : " (on " + Text.clean(where) + ")")
                            + (owner.isEmpty() ? "" : " [" + Text.clean(owner) + "]"));
            String why = obstacle.string("why", "");
            if (!why.isEmpty()) {
                out.line("    because " + Text.clean(why));
            }
            String remedy = obstacle.string("remedy", "");
            if (!remedy.isEmpty()) {
                out.line("    to do: " + Text.clean(remedy));
            }
        }
        List<JsonObject> nodes = answer.array("nodes").objects();
        if (!nodes.isEmpty()) {
            Table table =
                    new Table(Column.word("NODE"), Column.word("WORKS"), Column.text("WHY", 20));
            for (JsonObject row : nodes) {
                boolean works = row.isTrue("ok");
                table.row(
                        Cell.of(row.string("node", "?")),
                        new Cell(works ? "yes" : "no", works ? Colour.GREEN : Colour.RED),
                        Cell.of(row.string("why", "")));
            }
            table.print(out);
        }
    }
}
