package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.FactSheet;
import io.mig.ctl.render.JsonPrinter;
import io.mig.json.JsonObject;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mig status}: this node's agent about itself. */
@Command(name = "status", description = "Show how this node's agent is doing.")
final class StatusCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    StatusCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject answer = context.askObject("status", JsonObject.EMPTY);
        if (json) {
            JsonPrinter.print(context.out(), answer);
        } else {
            new FactSheet(context.out()).print(answer);
        }
        return ExitCode.OK;
    }
}
