package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import io.mig.json.JsonString;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mig why PROCESS}: why it is where it is, and why each move was made. */
@Command(
        name = "why",
        description = "Explain why a process moves or stays, node by node, and its past moves.")
final class WhyCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(
            index = "0",
            paramLabel = "PROCESS",
            description = "Pid, NODE:PID, or command name.")
    private String process = "";

    WhyCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject answer =
                context.askObject("why", JsonObject.builder().put("process", process).build());
        if (json) {
            JsonPrinter.print(context.out(), answer);
            return ExitCode.OK;
        }
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
        return ExitCode.OK;
    }
}
