package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mig drain NODE}: sends everything away and waits until the node is empty. */
@Command(
        name = "drain",
        description = "Empty a node: nothing new comes, guests and managed programs leave.")
final class DrainCommand implements Callable<Integer> {
    private static final Duration USUAL = Duration.ofMinutes(2);
    private static final long LOOK_MILLIS = 500;

    private final CliContext context;

    @Spec private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(
            names = "--deadline",
            paramLabel = "TIME",
            description = "By then it should be empty, e.g. 90s or 5m; so long this command waits.")
    private @Nullable String deadline;

    @Option(names = "--message", paramLabel = "TEXT", description = "Why, for others to read.")
    private String message = "";

    @Option(names = "--no-wait", description = "Do not wait until the node is empty.")
    private boolean noWait;

    @Parameters(index = "0", paramLabel = "NODE", description = "Which node.")
    private String node = "";

    DrainCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException, InterruptedException {
        Duration patience = deadline == null ? USUAL : duration(deadline);
        JsonObject.Builder args = JsonObject.builder().put("node", node).put("message", message);
        if (deadline != null) {
            args.put("seconds", patience.toSeconds());
        }
        JsonObject row = context.askObject("drain", args.build());
        long end = System.nanoTime() + patience.toNanos();
        while (!noWait && left(row) > 0 && System.nanoTime() < end) {
            Thread.sleep(LOOK_MILLIS);
            row = look(row);
        }
        if (json) {
            JsonPrinter.print(context.out(), row);
        } else {
            context.out()
                    .line(
                            Text.clean(
                                    left(row) == 0
                                            ? node + " is empty and takes nothing"
                                            : node
                                                    + " takes nothing; still there: "
                                                    + left(row)
                                                    + "; mig plan and mig why tell more"));
        }
        return noWait || left(row) == 0 ? ExitCode.OK : ExitCode.FAILED;
    }

    private JsonObject look(JsonObject before) throws ControlException {
        JsonObject board = context.askObject("board", JsonObject.EMPTY);
        return board.array("nodes").objects().stream()
                .filter(n -> node.equals(n.string("node")))
                .findFirst()
                .orElse(before);
    }

    private static long left(JsonObject row) {
        long guests = row.integer("guests").orElse(0);
        return Math.max(guests, row.integer("managed").orElse(0));
    }

    private Duration duration(String text) {
        if (text.matches("[0-9]{1,7}(s|m|h)?")) {
            char unit = text.charAt(text.length() - 1);
            long number = Long.parseLong(text.replaceAll("[smh]", ""));
            return Duration.ofSeconds(number * (unit == 'm' ? 60 : unit == 'h' ? 3600 : 1));
        }
        String why = "--deadline " + text + " is no time; write e.g. 90s or 5m";
        if (spec == null) {
            throw new IllegalArgumentException(why);
        }
        throw new ParameterException(spec.commandLine(), why);
    }
}
