package io.mig.home.journal;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;

/**
 * A process of this home node that has been moved at least once, or is about to be.
 *
 * @param process the root of the moved tree
 * @param epoch 0 before the first move, one more with each committed move
 * @param owner node where the body runs by the journal's decision
 * @param uid numeric user
 * @param command command line, for people
 * @param since last change of owner
 * @param ended whether the body and all its deputies are gone
 * @param status wait status of the root, when known
 * @param deputies deputies of the tree, by pid
 */
public record ProcessRecord(
        HomePid process,
        Epoch epoch,
        NodeId owner,
        int uid,
        String command,
        Instant since,
        boolean ended,
        OptionalInt status,
        List<DeputyRecord> deputies) {

    public ProcessRecord {
        deputies = List.copyOf(deputies);
    }
}
