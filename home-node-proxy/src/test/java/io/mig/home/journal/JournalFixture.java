package io.mig.home.journal;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.MoveId;
import io.mig.model.NodeId;

/** Names used by all journal tests. */
final class JournalFixture {
    static final NodeId HOME = new NodeId("node1");
    static final NodeId AWAY = new NodeId("node2");
    static final NodeId FURTHER = new NodeId("node3");

    private JournalFixture() {}

    static HomePid process(int pid) {
        return new HomePid(HOME, pid, 1_000_000L + pid);
    }

    static MoveIntent intent(HomePid process, NodeId source, NodeId target, long epoch) {
        return new MoveIntent(
                MoveId.random(),
                process,
                source,
                target,
                new Epoch(epoch),
                1000,
                "xz -9 big",
                "asked by user");
    }
}
