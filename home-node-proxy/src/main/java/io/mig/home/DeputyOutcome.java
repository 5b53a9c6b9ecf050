package io.mig.home;

/** What became of one {@link DeputyPlan}. */
public sealed interface DeputyOutcome {
    int pid();

    /** The process executes the deputy program now (or did before). */
    record Done(int pid) implements DeputyOutcome {}

    /** It does not. The original is still frozen, or dead; it has not run. */
    record Failed(int pid, String reason) implements DeputyOutcome {}
}
