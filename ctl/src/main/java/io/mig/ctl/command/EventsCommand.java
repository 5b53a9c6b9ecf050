package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Text;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mig events}: what the balancers of all nodes did lately. */
@Command(
        name = "events",
        description = "List what the balancers of all nodes have done, oldest first.")
final class EventsCommand implements Callable<Integer> {
    private static final long LOOK_MILLIS = 1000;

    private final CliContext context;

    @Option(names = "--json", description = "Print a JSON array; with -f one object per line.")
    private boolean json;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on and print what happens.")
    private boolean follow;

    EventsCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException, InterruptedException {
        Map<String, Long> seen = new TreeMap<>();
        List<JsonObject> rows = next(seen);
        if (json && !follow) {
            List<JsonValue> all = new ArrayList<>(rows);
            JsonPrinter.print(context.out(), new JsonArray(all));
            return ExitCode.OK;
        }
        if (rows.isEmpty() && !follow) {
            context.out().line("nothing has happened");
        }
        rows.forEach(this::print);
        while (follow && !context.out().stream().checkError()) {
            Thread.sleep(LOOK_MILLIS);
            next(seen).forEach(this::print);
        }
        return ExitCode.OK;
    }

    private List<JsonObject> next(Map<String, Long> seen) throws ControlException {
        JsonObject.Builder after = JsonObject.builder();
        seen.forEach(after::put);
        JsonValue answer =
                context.ask("events", JsonObject.builder().put("after", after.build()).build());
        List<JsonObject> rows = new ArrayList<>(CliContext.rows(answer, "events").objects());
        rows.sort(Comparator.comparing(row -> row.string("time", "")));
        for (JsonObject row : rows) {
            seen.put(row.string("node", ""), row.integer("number").orElse(0));
        }
        return rows;
    }

    private void print(JsonObject row) {
        String line =
                json
                        ? io.mig.json.Json.write(row)
                        : row.string("time", "-")
                                + " "
                                + row.string("node", "-")
                                + " "
                                + row.string("kind", "-")
                                + ": "
                                + row.string("text", "");
        context.out().line(Text.clean(line));
    }
}
