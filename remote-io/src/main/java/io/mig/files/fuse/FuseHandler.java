package io.mig.files.fuse;

/**
 * Answers requests. Called on loop threads: must not wait for anything slow, but may answer later
 * from any thread, each request exactly once ({@link Opcode#FORGET} and its like never).
 */
public interface FuseHandler {
    void handle(FuseRequest request);

    /** The kernel ended the connection: unmounted, or aborted. */
    void ended(String why);
}
