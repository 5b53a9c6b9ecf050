package io.mig.agent.control;

import io.mig.json.JsonObject;

/**
 * One question from the control socket.
 *
 * @param verb what to do
 * @param args the verb's arguments, unchecked: they come from any local user
 * @param caller who asks
 */
public record ControlRequest(String verb, JsonObject args, Caller caller) {}
