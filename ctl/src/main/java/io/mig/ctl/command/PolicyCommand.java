package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import io.mig.json.JsonString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
            "get [KEY]: what is in force; set KEY VALUE: change the node's file, in force at once;",
            "put FILE: replace it; with --cluster for all nodes, on the node with the authority's key.",
            "check FILE, show FILE, diff OLD NEW: look at files without putting them in force."
        })
final class PolicyCommand implements Callable<Integer> {
    private final CliContext context;

    @Spec private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(names = "--node", paramLabel = "NODE", description = "Which node (default: this one).")
    private @Nullable String node;

    @Option(names = "--cluster", description = "Sign it and put it in force on all nodes.")
    private boolean cluster;

    @Parameters(index = "0", paramLabel = "get|set|put", description = "What to do.")
    private String what = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "KEY|FILE",
            description = "As balance.hold.")
    private @Nullable String key;

    @Parameters(index = "2", arity = "0..1", paramLabel = "VALUE", description = "As in the file.")
    private @Nullable String value;

    PolicyCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException, IOException {
        boolean put = what.equals("put");
        boolean set = what.equals("set") || put;
        if ((!set && !what.equals("get"))
                || (set && (key == null || put != (value == null)))
                || (!set && value != null)) {
            String why = "say: get [KEY], or: set KEY VALUE, or: put FILE";
            if (spec == null) {
                throw new IllegalArgumentException(why);
            }
            throw new ParameterException(spec.commandLine(), why);
        }
        JsonObject.Builder args = JsonObject.builder();
        if (node != null) {
            args.put("node", node);
        }
        if (set && key != null) {
            if (put) {
                args.put("text", Files.readString(Path.of(key)));
            } else if (value != null) {
                args.put("key", key).put("value", value);
            }
            args.put("cluster", cluster);
        }
        JsonObject answer = context.askObject(set ? "policy-set" : "policy-get", args.build());
        if (json) {
            JsonPrinter.print(context.out(), answer);
            return ExitCode.OK;
        }
        boolean found = key == null || put;
        for (var setting : answer.object("settings").fields().entrySet()) {
            if ((key == null || put || setting.getKey().equals(key))
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
