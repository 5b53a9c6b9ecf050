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

/** {@code mig best [CMD]}: where a new program of this node would run best now. */
@Command(name = "best", description = "Name the node where a new program would run best now.")
final class BestCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print the name of the node only.")
    private boolean quiet;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "COMMAND",
            description = "Name of the program, for the rules of the policy.")
    private @Nullable String command;

    BestCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject.Builder args =
                JsonObject.builder().put("user", System.getProperty("user.name", ""));
        if (command != null) {
            args.put("command", command.substring(command.lastIndexOf('/') + 1));
        }
        JsonObject answer = context.askObject("best", args.build());
        String node = answer.string("node", "");
        if (json) {
            JsonPrinter.print(context.out(), answer);
        } else if (quiet) {
            context.out().line(Text.clean(node));
        } else {
            String line =
                    (node.isEmpty() ? "no node takes it" : node) + ": " + answer.string("why", "");
            context.out().line(Text.clean(line));
        }
        return node.isEmpty() ? ExitCode.FAILED : ExitCode.OK;
    }
}
