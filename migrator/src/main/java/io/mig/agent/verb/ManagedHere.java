package io.mig.agent.verb;

import io.mig.model.HomePid;
import java.util.List;

/** Who knows which managed processes of this node have not left it. Any thread. */
@FunctionalInterface
public interface ManagedHere {
    /** They as they were found at the last look, a second ago at most; asks nobody. */
    List<AtHome> managedAtHome();

    /**
     * A managed process at its home.
     *
     * @param moving whether it is on its way to another node
     */
    record AtHome(HomePid process, int uid, String command, boolean moving) {}
}
