package io.mig.files.serve;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How home serves files.
 *
 * @param root what guests see as their root, usually {@code /}
 * @param key at least 32 secret bytes, the same over restarts of the agent: with another key all
 *     open files of guests are lost
 * @param threads that touch files
 * @param idle after how long without a word a session is given up, with its open files and locks
 * @param watch whether changes made by home's own processes are looked for (fanotify); without it
 *     hosts believe what they know only for a second
 */
@SuppressWarnings("ArrayRecordComponent")
public record FileServiceConfig(Path root, byte[] key, int threads, Duration idle, boolean watch) {
    public FileServiceConfig {
        if (key.length < 32) {
            throw new IllegalArgumentException("key bytes=" + key.length + " below 32");
        }
        if (threads < 1 || threads > 256) {
            throw new IllegalArgumentException("threads=" + threads + " outside 1..256");
        }
        key = key.clone();
    }

    @Override
    public byte[] key() {
        return key.clone();
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return "root=" + root + " threads=" + threads + " idle=" + idle + " watch=" + watch;
    }

    public static FileServiceConfig of(Path root, byte[] key) {
        return new FileServiceConfig(root, key, 8, Duration.ofHours(1), true);
    }
}
