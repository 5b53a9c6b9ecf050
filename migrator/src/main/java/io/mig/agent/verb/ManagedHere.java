package io.mig.agent.verb;

import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.List;
import java.util.Map;

/** What the balancer of this node knows that lists show. Any thread. */
public interface ManagedHere {
    /** They as they were found at the last look, a second ago at most; asks nobody. */
    List<AtHome> managedAtHome();

    /** Other nodes that this one has reason to doubt, with the reason; asks nobody. */
    Map<NodeId, String> doubts();

    /**
     * A managed process at its home.
     *
     * @param moving whether it is on its way to another node
     */
    record AtHome(HomePid process, int uid, String command, boolean moving) {}
}
