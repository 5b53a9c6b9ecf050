package io.mig.files.client;

import java.util.Optional;

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

    /**
     * Whether a thread opens files only to learn what they are, and hardly ever reads them, as CRIU
     * does while it dumps a guest: for that home need not be asked.
     */
    default boolean onlyLooks(int pid, int uid) {
        return false;
    }

    /**
     * Whose guest a thread is, so that what it does is counted there; empty: nobody's. Asked
     * rarely.
     *
     * @param pid of the thread, as the agent sees it
     */
    default String guest(int pid) {
        return "";
    }

    /**
     * For whom a thread opens files that had them open a moment ago, as CRIU does while it restores
     * a guest: it need not wait for home, because the guest does not run before {@link
     * HomeTree#opened} has said that all are open. Empty for everybody else.
     */
    default Optional<String> restores(int pid, int uid) {
        return Optional.empty();
    }

    /** As the kernel says. */
    static Callers plain() {
        return (pid, uid, gid) -> new Caller(uid, gid);
    }
}
