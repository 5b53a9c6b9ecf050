package io.mig.model;

import java.util.Arrays;

/** Stable numbers of errors, also on the wire. Append-only. */
public enum ErrorCode {
    INTERNAL(1, ErrorKind.INTERNAL),
    REFUSED(2, ErrorKind.ENVIRONMENT),
    NOT_ALLOWED(3, ErrorKind.CALLER),
    NOT_FOUND(4, ErrorKind.CALLER),
    BAD_REQUEST(5, ErrorKind.CALLER),
    PEER_LOST(6, ErrorKind.PEER),
    NO_ROOM(7, ErrorKind.RESOURCES),
    STALE(8, ErrorKind.PEER),
    BUSY(9, ErrorKind.CALLER),
    CHECKPOINT_FAILED(10, ErrorKind.ENVIRONMENT),
    NOT_DURABLE(11, ErrorKind.RESOURCES),
    TIMEOUT(12, ErrorKind.PEER);

    private final int number;
    private final ErrorKind kind;

    ErrorCode(int number, ErrorKind kind) {
        this.number = number;
        this.kind = kind;
    }

    public int number() {
        return number;
    }

    public ErrorKind kind() {
        return kind;
    }

    /** The code of a number from the wire; {@link #INTERNAL} when it is unknown. */
    public static ErrorCode of(int number) {
        return Arrays.stream(values()).filter(c -> c.number == number).findFirst().orElse(INTERNAL);
    }
}
