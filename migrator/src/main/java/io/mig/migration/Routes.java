package io.mig.migration;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.UUID;

/**
 * Where the frames between a deputy and its body go. Each side declares what it holds; frames of
 * any other epoch are dropped.
 */
public interface Routes {
    /** Host side: the body runs here, inside this capsule. */
    void bodyIsHere(HomePid process, Epoch epoch, UUID capsule);

    /** Host side: no body of this process is here any more. */
    void bodyLeft(HomePid process);

    /** Home side: the deputies of this process talk to the body on that host. */
    void bodyIsAt(HomePid process, Epoch epoch, NodeId host);

    /** Home side: the process is over. */
    void processEnded(HomePid process);
}
