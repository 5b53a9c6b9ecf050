package io.mig.checkpoint;

/**
 * Dumps or restores one process tree, once. Blocks the caller until it is done; safe to call on
 * virtual threads. Failure is always a {@link CheckpointException}; after it a dumped tree is what
 * it was before, unless the outcome is unknown.
 */
public interface Checkpointer extends AutoCloseable {
    /** Dumps the tree of {@code request.pid()} into its image directory. */
    DumpResult dump(DumpRequest request, CheckpointListener listener);

    /** Restores the tree of an image directory. */
    RestoreResult restore(RestoreRequest request, CheckpointListener listener);

    /** Ends the work, also in the middle; idempotent, never fails. */
    @Override
    void close();
}
