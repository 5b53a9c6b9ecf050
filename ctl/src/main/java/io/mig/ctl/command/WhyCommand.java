package io.mig.ctl.command;

import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import io.mig.json.JsonString;
import picocli.CommandLine.Command;

/** {@code mig why PROCESS}: why it is where it is, and why each move was made. */
@Command(
        name = "why",
        description = "Explain why a process moves or stays, node by node, and its past moves.")
final class WhyCommand extends ProcessCommand {
    WhyCommand(CliContext context) {
        super(context, "why");
    }

    @Override
    void print(JsonObject answer) {
        for (var line : answer.array("lines").elements()) {
            if (line instanceof JsonString(String text)) {
                context.out().line(Text.clean(text));
            }
        }
        for (JsonObject move : answer.array("moves").objects()) {
            String line =
                    move.string("time", "-")
                            + " "
                            + move.string("from", "-")
                            + " -> "
                            + move.string("to", "-")
                            + " ("
                            + move.string("outcome", "-")
                            + "): "
                            + move.string("reason", "-");
            context.out().line(Text.clean(line));
        }
    }
}
