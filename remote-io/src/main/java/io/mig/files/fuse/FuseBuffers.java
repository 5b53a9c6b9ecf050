package io.mig.files.fuse;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * A fixed number of buffers for replies, small ones and ones for the most data there can be. Who
 * wants one waits for it; they are held only while a reply is put together. Their memory goes with
 * them. Thread-safe.
 */
final class FuseBuffers {
    private static final int SMALL = 8192;
    private static final int SMALL_COUNT = 32;
    private static final int LARGE_COUNT = 4;

    private final int largest;
    private final BlockingQueue<FuseOut> small = new ArrayBlockingQueue<>(SMALL_COUNT);
    private final BlockingQueue<FuseOut> large = new ArrayBlockingQueue<>(LARGE_COUNT);

    FuseBuffers(int largest) {
        this.largest = largest;
        for (int i = 0; i < SMALL_COUNT; i++) {
            small.add(new FuseOut(SMALL, false));
        }
        for (int i = 0; i < LARGE_COUNT; i++) {
            large.add(new FuseOut(largest, true));
        }
    }

    FuseOut take(int bytes) {
        if (bytes > largest) {
            throw new IllegalArgumentException("reply bytes=" + bytes + " above " + largest);
        }
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return bytes <= SMALL ? small.take() : large.take();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    void give(FuseOut out) {
        out.clear();
        (out.large() ? large : small).add(out);
    }
}
