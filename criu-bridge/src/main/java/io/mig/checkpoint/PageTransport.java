package io.mig.checkpoint;

import java.io.IOException;

/**
 * Who moves the memory of a tree, apart from who dumps its metadata (always CRIU). The dump side
 * asks it how the dump has to be made, runs it beside the dump, and tells it how the dump ended.
 *
 * <p>{@link #run} is called once, on a thread of its own, before or while the dump works; exactly
 * one of {@link #dumpFinished} and {@link #abort} follows from any other thread.
 */
public interface PageTransport {
    /** Adds what this transport needs of the dump. */
    DumpRequest.Builder prepare(DumpRequest.Builder dump);

    /**
     * Hands everything that has to travel to {@code sink}, beginning while the dump is still at
     * work. Returns when all is handed over.
     *
     * @throws IOException when the sink failed, the images could not be read, or {@link #abort} was
     *     called
     */
    void run(ImageSink sink) throws IOException;

    /** The dump succeeded: what is there now is final. */
    void dumpFinished();

    /** The dump failed or is not wanted any more; {@link #run} ends with an exception. */
    void abort();
}
