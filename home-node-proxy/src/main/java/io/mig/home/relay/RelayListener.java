package io.mig.home.relay;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;

/** Told at home what happens in capsules. Called on the router's thread: must not block. */
public interface RelayListener {
    /**
     * A capsule of the current owner reported something (text of its EVENT frame). In order per
     * process and at least once; twice only when this agent was restarted in between.
     */
    void onCapsuleEvent(HomePid process, Epoch epoch, NodeId host, String text);
}
