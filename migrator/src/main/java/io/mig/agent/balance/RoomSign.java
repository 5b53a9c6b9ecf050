package io.mig.agent.balance;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line for programs below {@code mig shell}: whether they have to ask the agent where to begin
 * ({@code exec.c} says what its numbers mean). It is only true for a few seconds, so that nobody
 * asks an agent that is dead. Its length never changes and it is written at once, so readers find a
 * whole one, or none. One owner thread.
 */
final class RoomSign implements AutoCloseable {
    /** Name of the file in the agent's run directory. */
    static final String FILE = "room";

    private static final Logger LOG = LoggerFactory.getLogger(RoomSign.class);
    private static final long TRUE_FOR_MILLIS = 3000;

    private final Path file;
    private @Nullable FileChannel channel;
    private boolean broken;

    RoomSign(Path file) {
        this.file = file;
    }

    /** What a new program meets. */
    enum Mode {
        /** Nobody else would take it: do not ask. */
        NOBODY(0),
        /** There is room here for so many more. */
        ROOM(1),
        /** There is none here, but elsewhere. */
        NONE(2);

        private final int number;

        Mode(int number) {
            this.number = number;
        }
    }

    /**
     * Shows it.
     *
     * @param room programs more that there is room for
     * @param lastPid the last pid that was given away when the agent last looked
     * @param running tasks on the whole machine up to which there is room for one more
     */
    void show(Mode mode, int room, long lastPid, int running) {
        write(
                mode,
                System.nanoTime() / 1_000_000 + TRUE_FOR_MILLIS,
                Math.max(0, room),
                lastPid,
                running);
    }

    private void write(Mode mode, long until, int room, long lastPid, int running) {
        String line =
                String.format(
                        Locale.ROOT,
                        "%d %19d %10d %10d %10d%n",
                        mode.number,
                        until,
                        room,
                        lastPid,
                        running);
        try {
            FileChannel to = channel == null ? open() : channel;
            channel = to;
            to.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII)), 0);
            broken = false;
        } catch (IOException e) {
            if (!broken) {
                broken = true;
                LOG.warn(
                        "programs of mig shell begin at home, file={} cannot be written: {}",
                        file,
                        e.getMessage());
            }
        }
    }

    private FileChannel open() throws IOException {
        // a new file: nobody's handle on an old one, whoever made that, leads here
        Files.deleteIfExists(file);
        return FileChannel.open(
                file,
                java.util.Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
    }

    /** Nobody need ask any more. */
    @Override
    public void close() {
        write(Mode.NOBODY, 0, 0, 0, 0);
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            LOG.debug("file={} is not closed", file, e);
        }
    }
}
