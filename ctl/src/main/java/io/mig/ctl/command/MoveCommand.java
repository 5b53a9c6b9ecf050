package io.mig.ctl.command;

import java.util.concurrent.Callable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What commands that move one process have in common. */
abstract class MoveCommand implements Callable<Integer> {
    final CliContext context;

    @Option(
            names = "--json",
            description = "Print one JSON object at the end, also after a refusal.")
    private boolean json;

    @Parameters(
            index = "0",
            paramLabel = "PROCESS",
            description = "Pid, NODE:PID, or command name.")
    String process = "";

    MoveCommand(CliContext context) {
        this.context = context;
    }

    /** Asks the agent and shows the move while it goes on. */
    final Move move() {
        return new Move(context, json);
    }
}
