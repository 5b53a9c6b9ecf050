package io.mig.ctl.client;

import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.util.function.Consumer;

/** The node agent as the commands see it: ask one thing, get one answer. */
@FunctionalInterface
public interface Control {
    /**
     * Asks the agent and waits for its answer.
     *
     * @param verb what to do, as in {@code ctl/README.md}
     * @param args the verb's arguments
     * @param progress gets each progress event, in order, on the calling thread
     * @return the result
     * @throws AgentRefusedException when the agent says no
     * @throws AgentUnreachableException when it cannot be asked or does not finish its answer
     */
    JsonValue call(String verb, JsonObject args, Consumer<JsonObject> progress)
            throws ControlException;
}
