package io.mig.ctl.lab;

import java.util.List;
import java.util.Optional;

/**
 * What {@code mig lab list} says of a node.
 *
 * @param initPid the host's pid of its process 1; 0 when the node is down
 * @param rate the limit of its link, when there is one
 * @param cutFrom nodes it is cut from
 */
public record NodeStatus(
        LabNode node,
        String address,
        long initPid,
        Agent agent,
        Optional<String> rate,
        List<LabNode> cutFrom) {
    /** The node's agent. */
    public enum Agent {
        RUNNING,
        STARTING,
        DOWN
    }

    public NodeStatus {
        cutFrom = List.copyOf(cutFrom);
    }

    /** Whether the node is up. */
    public boolean up() {
        return initPid != 0;
    }
}
