package io.mig.agent.balance;

import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A managed process whose body is here, as it was found.
 *
 * @param process who it is
 * @param pid of its root on this node
 * @param guest whether the body lives in a capsule (also of a process that came back home)
 * @param forked whether it never called execve(2) but runs its parent's program; unknown, and
 *     false, of guests
 * @param command name of its program
 * @param uid its user
 * @param user that user's name
 * @param demand processors it wants
 * @param residentBytes memory of the whole tree
 * @param cpuSeconds processor time it has used here
 * @param homeBytesPerSecond what it does with files of its home, see {@link IoMeter}; of one that
 *     is at home pipes and terminals too
 * @param relayedBytesPerSecond what goes through its pipes and terminals at home while it is away
 * @param pids of the whole tree
 * @param ageMillis since its start, for one that has never moved
 * @param on the node its user asked for
 * @param first the node its user asked for as the first one; empty once it was away
 * @param maxPauseMillis the longest freeze that its user allows
 */
record Managed(
        HomePid process,
        int pid,
        boolean guest,
        boolean forked,
        String command,
        int uid,
        String user,
        double demand,
        long residentBytes,
        double cpuSeconds,
        double homeBytesPerSecond,
        double relayedBytesPerSecond,
        List<Integer> pids,
        long ageMillis,
        Optional<NodeId> on,
        Optional<NodeId> first,
        OptionalLong maxPauseMillis) {
    /** Who wants less than this rests. */
    private static final double LEAST_DEMAND = 0.002;

    boolean runs() {
        return demand >= LEAST_DEMAND;
    }
}
