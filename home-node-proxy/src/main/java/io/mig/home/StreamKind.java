package io.mig.home;

import java.util.Arrays;
import java.util.Optional;

/** What a deputy does with a descriptor. */
public enum StreamKind {
    /** The body reads what is written at home. */
    PIPE_IN("pipe-in"),
    PIPE_OUT("pipe-out"),
    /** A regular file whose open file description stays at home. */
    FILE_OUT("file-out"),
    /** A Unix stream socket, both directions. */
    UNIX("unix"),
    TTY("tty");

    private final String label;

    StreamKind(String label) {
        this.label = label;
    }

    /** The word of the protocol. */
    public String label() {
        return label;
    }

    public static Optional<StreamKind> of(String label) {
        return Arrays.stream(values()).filter(kind -> kind.label.equals(label)).findFirst();
    }
}
