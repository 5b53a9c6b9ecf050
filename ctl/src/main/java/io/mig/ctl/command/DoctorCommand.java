package io.mig.ctl.command;

import io.mig.ctl.doctor.DoctorMain;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/**
 * {@code mig doctor}: has a command line of its own and needs no agent. {@link io.mig.ctl.MigCli}
 * hands it over whole; this class is its place in the help text.
 */
@Command(
        name = "doctor",
        description = "Say what this machine can and cannot do, and how to cure it (--fix).")
public final class DoctorCommand implements Callable<Integer> {
    private final CliContext context;

    DoctorCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        return run(context);
    }

    /** Runs the doctor's own command line. */
    public static int run(CliContext context, String... words) {
        return DoctorMain.run(words, context.out().stream(), context.err().stream());
    }
}
