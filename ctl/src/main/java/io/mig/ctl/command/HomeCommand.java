package io.mig.ctl.command;

import io.mig.ctl.client.ControlException;
import picocli.CommandLine.Command;

/** {@code mig home PROCESS}: brings a process back to its home node. */
@Command(name = "home", description = "Bring a process back to its home node.")
final class HomeCommand extends MoveCommand {
    HomeCommand(CliContext context) {
        super(context);
    }

    @Override
    public Integer call() throws ControlException {
        return move().run("home", process, null);
    }
}
