package io.mig.ctl.command;

import io.mig.ctl.client.ControlException;
import io.mig.json.JsonObject;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mig apply}: begins the moves of the last plan that are still right. */
@Command(
        name = "apply",
        description = "Begin the moves that the last plan showed and that are still right.")
final class ApplyCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print a JSON array.")
    private boolean json;

    ApplyCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        return PlanCommand.show(
                context,
                context.ask("apply", JsonObject.EMPTY),
                json,
                "nothing of the last plan is still right; mig plan makes a new one");
    }
}
