package io.mig.fault;

import java.util.Locale;

/** What happens at a fault point that was switched on. */
public enum FaultKind {
    /** The step throws, as if the operation had failed. */
    FAIL("the step fails"),
    /** The step stands still for some seconds, then goes on as if nothing had happened. */
    HANG("the step stands still for some seconds and then goes on"),
    /** The agent dies on the spot (its supervisor starts it again). */
    CRASH("the agent dies at once, its supervisor starts it again"),
    /** The node's network link goes down for some seconds. */
    CUT("the node's network link is down for some seconds"),
    /** The file systems of images and journal are full for some seconds. */
    DISK("the file systems of images and journal are full for some seconds");

    private final String meaning;

    FaultKind(String meaning) {
        this.meaning = meaning;
    }

    public String meaning() {
        return meaning;
    }

    /** The name used in {@code MIG_FAULTS} and listings. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
