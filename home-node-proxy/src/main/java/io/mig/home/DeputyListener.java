package io.mig.home;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.OptionalInt;

/**
 * Told what happens to deputies and, by their capsules, to bodies. Calls come from the threads of
 * watcher and relay: do not block long.
 */
public interface DeputyListener {
    /** A deputy was killed at home; its body is being killed. */
    default void onKilled(HomePid process, int pid) {}

    /** A deputy has ended as its body did. */
    default void onEnded(HomePid process, int pid, OptionalInt status) {}

    /**
     * The process is over: the capsule is empty and all deputies and keepers are gone; the journal
     * knows.
     */
    default void onOver(HomePid process, OptionalInt status) {}

    /** The deputy could not serve a stream, or its link is broken beyond repair. */
    default void onTrouble(HomePid process, int pid, String what) {}

    /** An event of the capsule that owns the body, see the protocol. */
    default void onCapsuleEvent(HomePid process, Epoch epoch, NodeId host, String text) {}
}
