package io.mig.ctl.client;

/** There is no agent to ask, or it stopped talking before its answer was complete. */
public final class AgentUnreachableException extends ControlException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, on which socket, and what came back
     * @param remedy what to do, or empty
     */
    public AgentUnreachableException(String message, String remedy) {
        super(message, remedy);
    }
}
