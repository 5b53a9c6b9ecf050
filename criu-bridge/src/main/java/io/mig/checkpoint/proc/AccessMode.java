package io.mig.checkpoint.proc;

/** What an open file description may be used for. */
public enum AccessMode {
    READ,
    WRITE,
    READ_WRITE,
    /** O_PATH: a place in the file tree, no content. */
    PATH;

    private static final int O_PATH = 010000000;

    public boolean reads() {
        return this == READ || this == READ_WRITE;
    }

    public boolean writes() {
        return this == WRITE || this == READ_WRITE;
    }

    /** From the flags of open(2). */
    public static AccessMode of(int openFlags) {
        if ((openFlags & O_PATH) != 0) {
            return PATH;
        }
        return switch (openFlags & 3) {
            case 0 -> READ;
            case 1 -> WRITE;
            default -> READ_WRITE;
        };
    }
}
