package io.mig.files.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Files on tmpfs that are memory which outlives the agent. */
final class MappedFile {
    private static final int PIECE = 64 << 10;

    private MappedFile() {}

    /** An empty one of some 64 KiB pieces, in native order. */
    static MappedByteBuffer begin(Path file, int bytes) throws IOException {
        try (FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            // zeros that are written are there; a hole would end us when tmpfs is full
            ByteBuffer zeros = ByteBuffer.allocate(PIECE);
            for (int at = 0; at < bytes; at += PIECE) {
                channel.write(zeros.clear());
            }
            return mapped(channel, bytes);
        }
    }

    /** One that is there. */
    static MappedByteBuffer goOn(Path file, int bytes) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (channel.size() < bytes) {
                throw new IOException("too short: file=" + file + " bytes=" + channel.size());
            }
            return mapped(channel, bytes);
        }
    }

    private static MappedByteBuffer mapped(FileChannel channel, int bytes) throws IOException {
        MappedByteBuffer buffer = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes);
        buffer.order(ByteOrder.nativeOrder());
        return buffer;
    }
}
