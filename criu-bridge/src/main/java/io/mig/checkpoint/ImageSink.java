package io.mig.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;

/** Where image bytes go. Called on one thread. May block; that is the back-pressure. */
public interface ImageSink {
    /**
     * Bytes {@code offset} to {@code offset + length} of a file are there and will not change. The
     * ranges of one file come without gaps from 0 on; ranges of several files may be mixed.
     *
     * @param source the file, readable at any position; valid during the call only
     */
    void bytes(String name, FileChannel source, long offset, long length) throws IOException;

    /** The file is complete. Also called for empty files. */
    void end(String name, long size) throws IOException;
}
