package io.mig.ctl.command;

import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code mig pin PROCESS [NODE]}: the balancer keeps it there. */
@Command(
        name = "pin",
        description = "Keep a managed process where it is, or on NODE; drains ask for it, too.")
final class PinCommand extends ProcessCommand {
    @Parameters(index = "1", arity = "0..1", paramLabel = "NODE", description = "Where to keep it.")
    private @Nullable String node;

    PinCommand(CliContext context) {
        super(context, "pin");
    }

    @Override
    void addTo(JsonObject.Builder arguments) {
        if (node != null) {
            arguments.put("node", node);
        }
    }

    @Override
    void print(JsonObject answer) {
        String line =
                answer.string("process", process) + " is pinned to " + answer.string("pinned", "?");
        context.out().line(Text.clean(line));
    }
}
