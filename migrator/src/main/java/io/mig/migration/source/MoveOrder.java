package io.mig.migration.source;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.MoveId;
import io.mig.model.NodeId;

/**
 * What is to be moved where, on whose behalf.
 *
 * @param epoch the current epoch of the process
 * @param actorUid user who asked, 0 for root and for the cluster itself
 */
public record MoveOrder(
        MoveId move,
        HomePid process,
        Epoch epoch,
        NodeId to,
        int actorUid,
        int actorPid,
        String reason) {}
