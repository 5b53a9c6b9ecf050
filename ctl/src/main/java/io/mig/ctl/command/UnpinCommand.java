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

/** {@code mig unpin PROCESS}: the balancer may move it again. */
@Command(name = "unpin", description = "Let the balancer move a pinned process again.")
final class UnpinCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(
            index = "0",
            paramLabel = "PROCESS",
            description = "Pid, NODE:PID, or command name.")
    private String process = "";

    UnpinCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject answer =
                context.askObject("unpin", JsonObject.builder().put("process", process).build());
        if (json) {
            JsonPrinter.print(context.out(), answer);
        } else {
            context.out().line(Text.clean(answer.string("process", process) + " is free to move"));
        }
        return ExitCode.OK;
    }
}
