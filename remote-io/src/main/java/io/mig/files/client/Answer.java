package io.mig.files.client;

import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.FrameReader;

/** What to do with home's answer. Called once, on any thread. */
@FunctionalInterface
interface Answer {
    /**
     * @param status 0 or an errno
     * @param in what follows it
     */
    void on(int status, FrameReader in) throws BadFrameException;
}
