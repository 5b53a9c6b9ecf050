package io.mig.checkpoint;

import java.util.Locale;

/** Which part of a checkpoint went wrong. */
public enum Phase {
    PREPARE,
    FREEZE,
    CONNECT,
    QUERY,
    DUMP,
    RESTORE,
    IMAGE,
    THAW;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
