package io.mig.ctl.command;

import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import picocli.CommandLine.Command;

/** {@code mig unpin PROCESS}: the balancer may move it again. */
@Command(name = "unpin", description = "Let the balancer move a pinned process again.")
final class UnpinCommand extends ProcessCommand {
    UnpinCommand(CliContext context) {
        super(context, "unpin");
    }

    @Override
    void print(JsonObject answer) {
        context.out().line(Text.clean(answer.string("process", process) + " is free to move"));
    }
}
