package io.mig.checkpoint;

/**
 * Hears CRIU's notifications while it works and may refuse to go on. CRIU waits for the return of
 * each call; a call may therefore take as long as it needs. Called on the thread that drives the
 * criu process; it must not call back into the same {@link Checkpointer}.
 *
 * <p>Order at a dump: {@code pre-dump, query-ext-files, post-dump}. Order at a restore: {@code
 * pre-restore, post-restore, pre-resume, post-resume} (with own namespaces also {@code
 * setup-namespaces} and {@code post-setup-namespaces}). An exception from {@code post-dump} makes
 * the dump fail and the processes stay as they are; one from {@code post-restore} makes CRIU kill
 * what it restored. Refusals at {@code pre-resume} and {@code post-resume} are only logged by CRIU.
 */
public interface CheckpointListener {
    /** Hears everything, refuses nothing. */
    CheckpointListener NONE = notification -> {};

    /**
     * @throws RuntimeException to refuse; it comes out of dump or restore as cause of the failure
     */
    void onNotification(CriuNotification notification);
}
