package io.mig.migration.source;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.MoveId;
import io.mig.model.NodeId;

/**
 * What is to be moved where, on whose behalf.
 *
 * @param epoch the current epoch of the process
 * @param birth the process waits to become its program, which shall start there: nothing of it is
 *     moved
 * @param actorUid user who asked, 0 for root and for the cluster itself
 */
public record MoveOrder(
        MoveId move,
        HomePid process,
        Epoch epoch,
        NodeId to,
        int actorUid,
        int actorPid,
        String reason,
        boolean birth) {

    /** The same once more, as an attempt of its own. */
    MoveOrder again() {
        return new MoveOrder(
                MoveId.random(), process, epoch, to, actorUid, actorPid, reason, birth);
    }
}
