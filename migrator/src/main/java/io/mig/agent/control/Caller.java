package io.mig.agent.control;

/**
 * Who asks, by the credentials of the socket's peer (unix(7), SO_PEERCRED): as they were when it
 * connected, so that they cannot be borrowed later. Users of another user namespace without a
 * mapping appear as the overflow uid.
 *
 * @param uid user id
 * @param gid primary group id
 * @param pid process id, for messages only: it may have ended meanwhile
 */
public record Caller(int uid, int gid, int pid) {
    /** Whether this is the superuser. */
    public boolean isRoot() {
        return uid == 0;
    }

    /**
     * Whether the caller may move, and see details of, a process of this user: his own ones; root
     * all.
     */
    public boolean mayAct(int ownerUid) {
        return isRoot() || uid == ownerUid;
    }
}
