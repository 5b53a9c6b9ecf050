package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.render.Cell;
import io.mig.ctl.render.Colour;
import io.mig.ctl.render.Column;
import io.mig.ctl.render.Screen;
import io.mig.ctl.render.Table;
import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * {@code mig can PROCESS [NODE]}: every obstacle to a move, with its owner and a remedy, before
 * anything is frozen.
 */
@Command(
        name = "can",
        description =
                "Say whether a process can move, what stands in the way, and where it would run.")
final class CanCommand extends ProcessCommand {
    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "NODE",
            description = "Ask for this node only.")
    private @Nullable String node;

    CanCommand(CliContext context) {
        super(context, "can");
    }

    @Override
    void addTo(JsonObject.Builder arguments) {
        if (node != null) {
            arguments.put("node", node);
        }
    }

    @Override
    int exitCode(JsonObject answer) {
        return answer.isTrue("movable") ? ExitCode.OK : ExitCode.FAILED;
    }

    @Override
    void print(JsonObject answer) {
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
