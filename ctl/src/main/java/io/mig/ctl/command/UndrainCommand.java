package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mig undrain NODE}: what had to leave comes back. */
@Command(
        name = "undrain",
        description = "Let a drained node take processes again; what had to leave it comes back.")
final class UndrainCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(index = "0", paramLabel = "NODE", description = "Which node.")
    private String node = "";

    UndrainCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject row =
                context.askObject("undrain", JsonObject.builder().put("node", node).build());
        if (json) {
            JsonPrinter.print(context.out(), row);
        } else {
            context.out().line(Text.clean(node + " takes processes again"));
        }
        return ExitCode.OK;
    }
}
