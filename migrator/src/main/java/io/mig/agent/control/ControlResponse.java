package io.mig.agent.control;

import io.mig.json.JsonObject;
import io.mig.json.JsonValue;

/**
 * Takes the answer to one request. No method blocks: a client that reads slowly or is gone costs
 * the verb nothing. Any thread.
 */
public interface ControlResponse {
    /**
     * Tells how far it is, e.g. {@code phase}, {@code bytes}, {@code totalBytes}, {@code message}.
     * Dropped when the client does not keep up, is gone, or has its answer already.
     */
    void progress(JsonObject facts);

    /**
     * The result.
     *
     * @throws IllegalStateException when there is an answer already
     */
    void ok(JsonValue result);

    /**
     * The refusal.
     *
     * @param code stable word for this kind of refusal, e.g. the name of an {@link
     *     io.mig.model.ErrorCode}
     * @param message what was tried, on what, why not
     * @param remedy what to do, or empty
     * @param detail further facts; for a move the fields that a result would have had
     * @throws IllegalStateException when there is an answer already
     */
    void fail(String code, String message, String remedy, JsonObject detail);

    /** The refusal, without further facts. */
    default void fail(String code, String message, String remedy) {
        fail(code, message, remedy, JsonObject.EMPTY);
    }

    /** Whether the client is still there; a move goes on without it. */
    boolean isWanted();
}
