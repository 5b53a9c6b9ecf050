package io.mig.home;

/** What is found under the pid of a deputy when an agent starts. */
public sealed interface DeputyFinding {
    int pid();

    /** The deputy lives. */
    record Deputy(int pid) implements DeputyFinding {}

    /**
     * The original, which was to become the deputy: it must be made one now. Its body lives
     * elsewhere.
     *
     * @param frozen whether it is; when not, it must be frozen at once
     */
    record Original(int pid, boolean frozen) implements DeputyFinding {}

    /**
     * There is no such process any more.
     *
     * @param expected whether the journal knows that it has ended
     */
    record Gone(int pid, boolean expected) implements DeputyFinding {}
}
