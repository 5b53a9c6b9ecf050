package io.mig.ctl.command;

import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/** What commands that move one process have in common. */
abstract class MoveCommand extends OneProcess implements Callable<Integer> {
    @Option(
            names = "--json",
            description = "Print one JSON object at the end, also after a refusal.")
    private boolean json;

    MoveCommand(CliContext context) {
        super(context);
    }

    /** Asks the agent and shows the move while it goes on. */
    final Move move() {
        return new Move(context, json);
    }
}
