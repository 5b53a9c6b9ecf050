package io.mig.agent.control;

/**
 * What the agent does for one verb. Runs on a virtual thread of its own, so it may block; several
 * may run at a time.
 */
@FunctionalInterface
public interface ControlVerb {
    /**
     * Answers one request.
     *
     * @param request what is asked
     * @param out takes exactly one answer
     * @throws Exception {@link io.mig.model.MigException} becomes a refusal with its code and
     *     message; anything else is logged and answered as an internal error
     */
    void run(ControlRequest request, ControlResponse out) throws Exception;
}
