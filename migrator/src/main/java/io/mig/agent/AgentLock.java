package io.mig.agent;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * One agent per node: whoever holds the lock on a file in the run directory. The kernel lets go of
 * it when the agent ends, however it ends.
 */
final class AgentLock implements AutoCloseable {
    private final FileChannel channel;

    private AgentLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the lock.
     *
     * @throws IOException another agent runs; nothing of it was touched
     */
    static AgentLock take(Path runDir) throws IOException {
        Files.createDirectories(runDir);
        Path file = runDir.resolve("agent.lock");
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        @Nullable FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException here) {
            lock = null;
        }
        if (lock == null) {
            channel.close();
            throw new IOException(
                    "another agent runs on this node: lock="
                            + file
                            + "; end that one first, or give this one another run_dir");
        }
        return new AgentLock(channel);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
