package io.mig.migration.home;

import io.mig.home.journal.ProcessRecord;
import io.mig.model.HomePid;

/** What the home desk needs of whoever looks after deputies. Thread-safe, may block. */
public interface DeputyWorks {
    /**
     * Turns every process of the tree that is not yet a deputy into one. Repeats are fine. Frozen
     * originals that cannot become deputies are killed: they must never run again.
     */
    void deputise(HomePid process);

    /** The journal says who owns the body now: frames of its deputies go there. */
    void bodyIsAt(ProcessRecord process);

    /** Takes up the deputies of a process again after a restart of the agent. */
    void adopt(ProcessRecord process);

    /** The body is gone for good: ends its deputies as if it had been killed. */
    void bodyLost(HomePid process, String why);
}
