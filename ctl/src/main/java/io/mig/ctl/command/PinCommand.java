package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mig pin PROCESS [NODE]}: the balancer keeps it there. */
@Command(
        name = "pin",
        description = "Keep a managed process where it is, or on NODE; drains ask for it, too.")
final class PinCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(
            index = "0",
            paramLabel = "PROCESS",
            description = "Pid, NODE:PID, or command name.")
    private String process = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "NODE", description = "Where to keep it.")
    private @Nullable String node;

    PinCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject.Builder args = JsonObject.builder().put("process", process);
        if (node != null) {
            args.put("node", node);
        }
        JsonObject answer = context.askObject("pin", args.build());
        if (json) {
            JsonPrinter.print(context.out(), answer);
        } else {
            String line =
                    answer.string("process", process)
                            + " is pinned to "
                            + answer.string("pinned", "?");
            context.out().line(Text.clean(line));
        }
        return ExitCode.OK;
    }
}
