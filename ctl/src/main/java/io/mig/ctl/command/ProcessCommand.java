package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.json.JsonObject;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/** A question about one process, answered by one object: as JSON, or in words. */
abstract class ProcessCommand extends OneProcess implements Callable<Integer> {
    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    private final String verb;

    /**
     * @param verb what the agent is asked
     */
    ProcessCommand(CliContext context, String verb) {
        super(context);
        this.verb = verb;
    }

    /** What else the agent must know. */
    void addTo(JsonObject.Builder arguments) {}

    /** Tells a person. */
    abstract void print(JsonObject answer);

    int exitCode(JsonObject answer) {
        return ExitCode.OK;
    }

    @Override
    public final Integer call() throws ControlException {
        JsonObject.Builder arguments = JsonObject.builder().put("process", process);
        addTo(arguments);
        JsonObject answer = context.askObject(verb, arguments.build());
        if (json) {
            JsonPrinter.print(context.out(), answer);
        } else {
            print(answer);
        }
        return exitCode(answer);
    }
}
