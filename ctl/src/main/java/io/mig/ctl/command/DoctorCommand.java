package io.mig.ctl.command;

import io.mig.ctl.client.ControlException;
import io.mig.ctl.doctor.DoctorMain;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mig doctor}: what this machine can and cannot do. */
@Command(
        name = "doctor",
        description = "Check this machine: what is fine, what will not work, what cures it.")
final class DoctorCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--fix", description = "Run the cures that need no decision (as root).")
    private boolean fix;

    @Option(names = "--json", description = "Print an array.")
    private boolean json;

    DoctorCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        List<String> words = new ArrayList<>();
        if (fix) {
            words.add("--fix");
        }
        if (json) {
            words.add("--json");
        }
        return DoctorMain.run(
                words.toArray(String[]::new),
                this::nodes,
                context.out().stream(),
                context.err().stream());
    }

    private Optional<JsonArray> nodes() {
        try {
            return Optional.of(CliContext.rows(context.ask("nodes", JsonObject.EMPTY), "nodes"));
        } catch (ControlException e) {
            return Optional.empty(); // no agent runs here, or not yet
        }
    }
}
