package io.mig.migration.stream;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import io.mig.transport.BulkSender;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Sends image files over one bulk stream while they grow. One owner thread; {@link
 * BulkSender#write} gives the back-pressure. Not closing it leaks native memory of the compressor.
 */
public final class ImageSender implements AutoCloseable {
    private final BulkSender out;
    private final LevelChooser level = new LevelChooser();
    private final ZstdCompressCtx compressor = new ZstdCompressCtx();
    private final Map<String, Outgoing> files = new HashMap<>();
    private final ByteBuffer raw =
            ByteBuffer.allocateDirect(ImageFrame.HEADER + ImageFrame.MAX_RAW);
    private final ByteBuffer packed =
            ByteBuffer.allocateDirect(
                    ImageFrame.HEADER + (int) Zstd.compressBound(ImageFrame.MAX_RAW));
    private long wireBytes;

    private static final class Outgoing {
        private final int number;
        private final CRC32C crc = new CRC32C();
        private long size;

        Outgoing(int number) {
            this.number = number;
        }
    }

    public ImageSender(BulkSender out) {
        this.out = out;
    }

    /**
     * Sends the bytes {@code [offset, offset+length)} of a file. The ranges of one file must follow
     * each other without a gap from 0 on.
     */
    public void data(String name, FileChannel channel, long offset, long length)
            throws IOException {
        Outgoing file = open(name);
        if (file.size != offset) {
            throw new IOException(
                    "image file="
                            + name
                            + " continues at offset="
                            + offset
                            + ", expected="
                            + file.size);
        }
        for (long left = length; left > 0; ) {
            int part = (int) Math.min(left, ImageFrame.MAX_RAW);
            chunk(file, name, channel, file.size, part);
            left -= part;
        }
    }

    private void chunk(Outgoing file, String name, FileChannel channel, long offset, int length)
            throws IOException {
        long begin = System.nanoTime();
        raw.clear().position(ImageFrame.HEADER).limit(ImageFrame.HEADER + length);
        while (raw.hasRemaining()) {
            if (channel.read(raw, offset + raw.position() - ImageFrame.HEADER) < 0) {
                throw new IOException(
                        "image file=" + name + " shrank below size=" + (offset + length));
            }
        }
        raw.flip();
        file.crc.update(raw.slice(ImageFrame.HEADER, length));
        file.size += length;
        ByteBuffer ready = pack(file.number, length);
        long prepared = System.nanoTime();
        write(ready);
        level.sent(length, prepared - begin, System.nanoTime() - prepared);
    }

    private ByteBuffer pack(int number, int length) {
        if (level.level() != LevelChooser.OFF) {
            compressor.setLevel(level.level());
            packed.clear();
            int size =
                    compressor.compressDirectByteBuffer(
                            packed,
                            ImageFrame.HEADER,
                            packed.capacity() - ImageFrame.HEADER,
                            raw,
                            ImageFrame.HEADER,
                            length);
            if (size < length) {
                ImageFrame.header(packed, 0, ImageFrame.DATA, number, length, size);
                return packed.position(0).limit(ImageFrame.HEADER + size);
            }
        }
        ImageFrame.header(raw, 0, ImageFrame.DATA, number, length, length);
        return raw.position(0).limit(ImageFrame.HEADER + length);
    }

    private Outgoing open(String name) {
        Outgoing known = files.get(name);
        if (known != null) {
            return known;
        }
        Outgoing fresh = new Outgoing(files.size());
        files.put(name, fresh);
        write(ImageFrame.text(ImageFrame.BEGIN, fresh.number, name));
        return fresh;
    }

    /** The file is complete. */
    public void end(String name) {
        Outgoing file = open(name);
        write(ImageFrame.end(file.number, file.size, (int) file.crc.getValue()));
    }

    /** All files are complete. Returns when the transport has taken everything. */
    public void done() {
        write(ImageFrame.done(files.size()));
        out.finish();
    }

    private void write(ByteBuffer buffer) {
        wireBytes += buffer.remaining();
        out.write(buffer);
    }

    public long wireBytes() {
        return wireBytes;
    }

    @Override
    public void close() {
        compressor.close();
        out.close();
    }
}
