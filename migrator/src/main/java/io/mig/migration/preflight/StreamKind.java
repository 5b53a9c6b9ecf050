package io.mig.migration.preflight;

/** How a stream between a deputy and its body works. */
public enum StreamKind {
    /** The body reads what processes at home write. */
    PIPE_IN("pipe-in"),
    /** The body writes what processes at home read. */
    PIPE_OUT("pipe-out"),
    /** The body writes to a file whose offset it shares with processes at home. */
    FILE_OUT("file-out"),
    /** A connected stream socket, both directions. */
    UNIX("unix"),
    /** The controlling terminal. */
    TTY("tty");

    private final String text;

    StreamKind(String text) {
        this.text = text;
    }

    /** Form on the wire between agent, deputy and capsule. */
    public String text() {
        return text;
    }
}
