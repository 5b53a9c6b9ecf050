package io.mig.ctl.command;

import io.mig.ctl.client.ControlException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mig migrate PROCESS NODE}: moves a running process tree to another node. */
@Command(
        name = "migrate",
        description = "Move a running process, with its children, to another node.")
final class MigrateCommand implements Callable<Integer> {
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

    @Parameters(index = "1", paramLabel = "NODE", description = "Where to.")
    private String node = "";

    MigrateCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        return new Move(context, json).run("migrate", process, node);
    }
}
