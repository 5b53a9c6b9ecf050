package io.mig.model;

import java.util.UUID;

/** One attempt to move one process. */
public record MoveId(UUID value) {
    public static MoveId random() {
        return new MoveId(UUID.randomUUID());
    }

    public static MoveId parse(String text) {
        return new MoveId(UUID.fromString(text));
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
