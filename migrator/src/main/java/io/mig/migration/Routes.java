package io.mig.migration;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import java.util.Set;
import java.util.UUID;

/**
 * Where the frames between a deputy and its body go. The host declares what it holds (home's side
 * belongs to its deputies); frames of any other epoch are dropped.
 */
public interface Routes {
    /** Host side: the body runs here, inside this capsule. */
    void bodyIsHere(HomePid process, Epoch epoch, UUID capsule, Set<Integer> links);

    /** Host side: no body of this process and epoch is here any more. */
    void bodyLeft(HomePid process, Epoch epoch);
}
