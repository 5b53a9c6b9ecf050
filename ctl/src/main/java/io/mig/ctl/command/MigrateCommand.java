package io.mig.ctl.command;

import io.mig.ctl.client.ControlException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code mig migrate PROCESS NODE}: moves a running process tree to another node. */
@Command(
        name = "migrate",
        description = "Move a running process, with its children, to another node.")
final class MigrateCommand extends MoveCommand {
    @Parameters(index = "1", paramLabel = "NODE", description = "Where to.")
    private String node = "";

    MigrateCommand(CliContext context) {
        super(context);
    }

    @Override
    public Integer call() throws ControlException {
        return move().run("migrate", process, node);
    }
}
