package io.mig.ctl.command;

import io.mig.ctl.lab.LabMain;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/**
 * {@code mig lab ...}: has a command line of its own. {@link io.mig.ctl.MigCli} hands it over whole
 * before picocli sees it, because commands to run on a node follow in it; this class is its place
 * in the help text.
 */
@Command(name = "lab", description = "Nodes on this machine to try things on (mig lab help).")
public final class LabCommand implements Callable<Integer> {
    private final CliContext context;

    LabCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        return run(context);
    }

    /** Runs the lab's own command line. */
    public static int run(CliContext context, String... words) {
        return LabMain.run(words, context.out().stream(), context.err().stream());
    }
}
