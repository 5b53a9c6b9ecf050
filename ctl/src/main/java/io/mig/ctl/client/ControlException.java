package io.mig.ctl.client;

/** A request to the agent did not end well; the two ways differ in what the user can do. */
public abstract sealed class ControlException extends Exception
        permits AgentRefusedException, AgentUnreachableException {
    private static final long serialVersionUID = 1L;

    private final String remedy;

    ControlException(String message, String remedy) {
        super(message);
        this.remedy = remedy;
    }

    /** What the user can do about it; empty when there is nothing to say. */
    public final String remedy() {
        return remedy;
    }
}
