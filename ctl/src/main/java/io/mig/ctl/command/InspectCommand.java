package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.FactSheet;
import io.mig.ctl.render.JsonPrinter;
import io.mig.json.JsonObject;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mig inspect PROCESS}: all that is known of one process. */
@Command(
        name = "inspect",
        description = "Show all that is known of one process: body, deputy, streams, moves.")
final class InspectCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(
            index = "0",
            paramLabel = "PROCESS",
            description = "Pid, NODE:PID, or command name.")
    private String process = "";

    InspectCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject answer =
                context.askObject("inspect", JsonObject.builder().put("process", process).build());
        if (json) {
            JsonPrinter.print(context.out(), answer);
        } else {
            new FactSheet(context.out()).print(answer);
        }
        return ExitCode.OK;
    }
}
