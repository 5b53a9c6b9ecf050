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

/** {@code mig owner back|gone|auto}: the owner of a workstation says that he is back. */
@Command(
        name = "owner",
        description = {
            "Say that the owner of a node is back, or gone; auto: look at terminals and calendar.",
            "Guests leave when he is back, on nodes for which the policy says owner_first = true."
        })
final class OwnerCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(index = "0", paramLabel = "back|gone|auto", description = "What to say.")
    private String state = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "NODE",
            description = "Which node (default: this one).")
    private @Nullable String node;

    OwnerCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject.Builder args = JsonObject.builder().put("state", state);
        if (node != null) {
            args.put("node", node);
        }
        JsonObject row = context.askObject("owner", args.build());
        if (json) {
            JsonPrinter.print(context.out(), row);
        } else {
            boolean present = row.isTrue("owner");
            String ignored =
                    state.equals("back") && !present
                            ? "; the policy does not say owner_first for it"
                            : "";
            context.out()
                    .line(
                            Text.clean(
                                    row.string("node", "?")
                                            + (present
                                                    ? ": the owner is at work, guests leave"
                                                    : ": guests are welcome" + ignored)));
        }
        return ExitCode.OK;
    }
}
