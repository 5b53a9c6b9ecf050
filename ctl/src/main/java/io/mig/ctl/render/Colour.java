package io.mig.ctl.render;

/** The few colours in use (ECMA-48 SGR sequences). */
public enum Colour {
    /** As the terminal has it. */
    NONE(""),
    /** Headings. */
    BOLD("\u001b[1m"),
    /** Less important. */
    FAINT("\u001b[2m"),
    /** Wrong: somebody should act. */
    RED("\u001b[31m"),
    /** Well. */
    GREEN("\u001b[32m"),
    /** Not running just now, or in doubt. */
    YELLOW("\u001b[33m"),
    /** Away from home. */
    CYAN("\u001b[36m");

    private final String sequence;

    Colour(String sequence) {
        this.sequence = sequence;
    }

    String sequence() {
        return sequence;
    }
}
