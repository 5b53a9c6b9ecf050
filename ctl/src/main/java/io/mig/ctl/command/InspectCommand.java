package io.mig.ctl.command;

import io.mig.ctl.render.FactSheet;
import io.mig.json.JsonObject;
import picocli.CommandLine.Command;

/** {@code mig inspect PROCESS}: all that is known of one process. */
@Command(
        name = "inspect",
        description = "Show all that is known of one process: body, deputy, streams, moves.")
final class InspectCommand extends ProcessCommand {
    InspectCommand(CliContext context) {
        super(context, "inspect");
    }

    @Override
    void print(JsonObject answer) {
        new FactSheet(context.out()).print(answer);
    }
}
