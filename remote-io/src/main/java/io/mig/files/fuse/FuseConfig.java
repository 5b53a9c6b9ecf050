package io.mig.files.fuse;

import java.io.IOException;
import java.nio.file.Path;

/**
 * How a tree is mounted.
 *
 * @param mountPoint an existing directory
 * @param source shown by mount(8) and df(1)
 * @param threads that read requests
 * @param readAheadBytes how far the kernel reads ahead of a sequential reader
 * @param nosuid whether setuid bits and file capabilities have no effect in it
 */
public record FuseConfig(
        Path mountPoint, String source, int threads, int readAheadBytes, boolean nosuid) {
    public FuseConfig {
        if (threads < 1 || threads > 64) {
            throw new IllegalArgumentException("threads=" + threads + " outside 1..64");
        }
        if (readAheadBytes < 0 || readAheadBytes > 64 << 20) {
            throw new IllegalArgumentException("readAheadBytes=" + readAheadBytes);
        }
        if (source.indexOf(',') >= 0 || source.indexOf(' ') >= 0) {
            throw new IllegalArgumentException("source=" + source);
        }
        mountPoint = asTheKernelSaysIt(mountPoint);
    }

    /** Without links on the way: by this path the mount is found again. */
    private static Path asTheKernelSaysIt(Path mountPoint) {
        Path whole = mountPoint.toAbsolutePath().normalize();
        Path parent = whole.getParent();
        if (parent == null) {
            throw new IllegalArgumentException("cannot mount over mountPoint=" + mountPoint);
        }
        try {
            // not the directory itself: what is mounted there may be dead
            return parent.toRealPath().resolve(whole.getFileName());
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "there is no directory to mount in: mountPoint=" + mountPoint, e);
        }
    }

    public static FuseConfig at(Path mountPoint, String source) {
        return new FuseConfig(mountPoint, source, 2, 4 << 20, true);
    }
}
