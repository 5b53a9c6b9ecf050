package io.mig.ctl.command;

import io.mig.ctl.client.ControlException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mig home PROCESS}: brings a process back to its home node. */
@Command(name = "home", description = "Bring a process back to its home node.")
final class HomeCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(
            names = "--json",
            description = "Print one JSON object at the end, also after a refusal.")
    private boolean json;

    @Parameters(
            index = "0",
            paramLabel = "PROCESS",
            description = "Pid, NODE:PID, or command name.")
    private String process = "";

    HomeCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        return new Move(context, json).run("home", process, null);
    }
}
