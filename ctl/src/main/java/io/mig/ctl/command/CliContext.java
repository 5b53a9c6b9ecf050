package io.mig.ctl.command;

import io.mig.ctl.client.Control;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.Screen;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.time.Duration;
import java.util.function.Function;

/**
 * What a command works with.
 *
 * @param out answers
 * @param err complaints and progress
 * @param agent opens the way to this node's agent, given the longest silence to bear (zero: any)
 */
public record CliContext(Screen out, Screen err, Function<Duration, Control> agent) {
    /** The agent gives other agents at most 30 s for an answer. */
    private static final Duration LISTING_PATIENCE = Duration.ofSeconds(60);

    /** Asks a question that is answered quickly. */
    JsonValue ask(String verb, JsonObject args) throws ControlException {
        return agent.apply(LISTING_PATIENCE).call(verb, args, event -> {});
    }

    /** Asks a question whose answer is an object; another answer counts as an empty one. */
    JsonObject askObject(String verb, JsonObject args) throws ControlException {
        return ask(verb, args) instanceof JsonObject object ? object : JsonObject.EMPTY;
    }

    /**
     * The rows in an answer: the list itself, or the named list in an object that has more to tell.
     */
    static JsonArray rows(JsonValue answer, String name) {
        if (answer instanceof JsonArray rows) {
            return rows;
        }
        return answer instanceof JsonObject object ? object.array(name) : JsonArray.EMPTY;
    }
}
