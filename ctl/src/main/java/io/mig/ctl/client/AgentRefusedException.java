package io.mig.ctl.client;

import io.mig.json.JsonObject;

/** The agent answered, and the answer is no. */
public final class AgentRefusedException extends ControlException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final transient JsonObject detail;

    /**
     * @param code the agent's stable word for this kind of refusal
     * @param message what was tried, on what, and why not
     * @param remedy what to do, or empty
     * @param detail facts beyond the message, e.g. the phases of the move that failed; may be empty
     */
    public AgentRefusedException(String code, String message, String remedy, JsonObject detail) {
        super(message, remedy);
        this.code = code;
        this.detail = detail;
    }

    /** The agent's stable word for this kind of refusal. */
    public String code() {
        return code;
    }

    /** Facts beyond the message. */
    public JsonObject detail() {
        return detail;
    }
}
