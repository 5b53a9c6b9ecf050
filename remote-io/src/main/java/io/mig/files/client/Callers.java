package io.mig.files.client;

/**
 * As whom home is asked. The kernel says uid and gid of the thread that asks; whoever runs the
 * capsules may know better, for instance that root restoring a guest acts for that guest.
 */
@FunctionalInterface
public interface Callers {
    /** What home is told. */
    record Caller(int uid, int gid) {}

    /**
     * @param pid of the thread, as the agent sees it; 0 for the kernel itself
     */
    Caller of(int pid, int uid, int gid);

    /** As the kernel says. */
    static Callers plain() {
        return (pid, uid, gid) -> new Caller(uid, gid);
    }
}
