package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import io.mig.json.JsonString;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mig policy get|set}: the policy in force on a node. */
@Command(
        name = "policy",
        description = {
            "get [KEY]: what is in force; set KEY VALUE: change it in the node's file, in force at once.",
            "check FILE, show FILE, diff OLD NEW: look at files without putting them in force."
        })
final class PolicyCommand implements Callable<Integer> {
    private final CliContext context;

    @Spec private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(names = "--node", paramLabel = "NODE", description = "Which node (default: this one).")
    private @Nullable String node;

    @Parameters(index = "0", paramLabel = "get|set", description = "What to do.")
    private String what = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "KEY", description = "As balance.hold.")
    private @Nullable String key;

    @Parameters(index = "2", arity = "0..1", paramLabel = "VALUE", description = "As in the file.")
    private @Nullable String value;

    PolicyCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        boolean set = what.equals("set");
        if ((!set && !what.equals("get"))
                || (set && (key == null || value == null))
                || (!set && value != null)) {
            String why = "say: get [KEY], or: set KEY VALUE";
            if (spec == null) {
                throw new IllegalArgumentException(why);
            }
            throw new ParameterException(spec.commandLine(), why);
        }
        JsonObject.Builder args = JsonObject.builder();
        if (node != null) {
            args.put("node", node);
        }
        if (set && key != null && value != null) {
            args.put("key", key).put("value", value);
        }
        JsonObject answer = context.askObject(set ? "policy-set" : "policy-get", args.build());
        if (json) {
            JsonPrinter.print(context.out(), answer);
            return ExitCode.OK;
        }
        boolean found = key == null;
        for (var setting : answer.object("settings").fields().entrySet()) {
            if ((key == null || setting.getKey().equals(key))
                    && setting.getValue() instanceof JsonString(String text)) {
                found = true;
                context.out().line(Text.clean(setting.getKey() + " = " + text));
            }
        }
        String problems = answer.string("problems", "");
        if (!problems.isEmpty()) {
            String line =
                    "mig policy: "
                            + answer.string("file", "")
                            + " is refused, an older policy is in force: "
                            + problems;
            context.err().line(Text.clean(line));
        }
        if (!found) {
            context.err()
                    .line(
                            Text.clean(
                                    "mig policy: no such setting: "
                                            + key
                                            + "; see mig policy get"));
        }
        return found ? ExitCode.OK : ExitCode.FAILED;
    }
}
