package io.mig.ctl;

/** What the shell learns. Scripts rely on these numbers: they never change meaning. */
public final class ExitCode {
    /** Done; for questions: the answer is yes. */
    public static final int OK = 0;

    /** Refused or failed, with the reason on stderr; for {@code mig can}: it cannot move. */
    public static final int FAILED = 1;

    /** The command line is wrong; nothing was tried. */
    public static final int USAGE = 2;

    /**
     * No agent answers on this node, or it went away before its answer: what became of the request
     * is not known here.
     */
    public static final int NO_AGENT = 3;

    private ExitCode() {}
}
