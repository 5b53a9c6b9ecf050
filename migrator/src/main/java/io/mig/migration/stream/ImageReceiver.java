package io.mig.migration.stream;

import com.github.luben.zstd.ZstdDecompressCtx;
import io.mig.transport.BulkReceiver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * Writes a stream of image files into a directory. The transport calls it on one thread at a time.
 * {@link #complete()} ends with the number of bytes written, or with what was wrong; a stream that
 * ends without its DONE record is an error. Names and sizes are checked before anything is created:
 * nothing outside the directory can be written.
 */
public final class ImageReceiver implements BulkReceiver {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_.-]{0,100}\\.img");
    private static final int MAX_FILES = 100_000;

    private final Path directory;
    private final long maxBytes;
    private final Runnable onFirstBytes;
    private final CompletableFuture<Long> complete = new CompletableFuture<>();
    private final ZstdDecompressCtx decompressor = new ZstdDecompressCtx();
    private final ByteBuffer pending =
            ByteBuffer.allocateDirect(ImageFrame.HEADER + ImageFrame.MAX_RAW)
                    .order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer unpacked = ByteBuffer.allocateDirect(ImageFrame.MAX_RAW);
    private final List<Incoming> files = new ArrayList<>();
    private long bytes;
    private boolean done;

    private static final class Incoming {
        private final String name;
        private final FileChannel channel;
        private final CRC32C crc = new CRC32C();
        private long size;
        private boolean ended;

        Incoming(String name, FileChannel channel) {
            this.name = name;
            this.channel = channel;
        }
    }

    /**
     * @param directory exists, empty
     * @param maxBytes what was reserved; more is refused
     * @param onFirstBytes called once when the stream starts
     */
    public ImageReceiver(Path directory, long maxBytes, Runnable onFirstBytes) {
        this.directory = directory;
        this.maxBytes = maxBytes;
        this.onFirstBytes = onFirstBytes;
    }

    /** Ends with the total size of all files when the stream was complete and right. */
    public CompletableFuture<Long> complete() {
        return complete;
    }

    @Override
    public void onBytes(ByteBuffer buffer) {
        if (complete.isDone()) {
            return;
        }
        try {
            if (files.isEmpty() && pending.position() == 0) {
                onFirstBytes.run();
            }
            consume(buffer);
        } catch (IOException | RuntimeException e) {
            fail(
                    "cannot take image stream: directory="
                            + directory
                            + " reason="
                            + e.getMessage(),
                    e);
        }
    }

    private void consume(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            take(buffer, ImageFrame.HEADER);
            if (pending.position() < ImageFrame.HEADER) {
                return;
            }
            int wire = pending.getInt(12);
            if (wire < 0 || wire > ImageFrame.MAX_RAW) {
                throw new StreamCorruptException("record length=" + wire + " is out of bounds");
            }
            take(buffer, ImageFrame.HEADER + wire);
            if (pending.position() < ImageFrame.HEADER + wire) {
                return;
            }
            record(pending.getInt(0), pending.getInt(4), pending.getInt(8), wire);
            pending.clear();
        }
    }

    /** Fills {@code pending} up to the given position. */
    private void take(ByteBuffer buffer, int upTo) {
        int missing = Math.min(upTo - pending.position(), buffer.remaining());
        if (missing > 0) {
            pending.put(pending.position(), buffer, buffer.position(), missing);
            pending.position(pending.position() + missing);
            buffer.position(buffer.position() + missing);
        }
    }

    private void record(int kind, int file, int raw, int wire) throws IOException {
        if (done) {
            throw new StreamCorruptException("record after the end, kind=" + kind);
        }
        switch (kind) {
            case ImageFrame.BEGIN -> begin(file, text(wire));
            case ImageFrame.DATA -> data(open(file), raw, wire);
            case ImageFrame.END -> end(open(file), wire);
            case ImageFrame.DONE -> finish(file);
            case ImageFrame.ABORT ->
                    throw new StreamCorruptException("source gave up: " + text(wire));
            default -> throw new StreamCorruptException("unknown record kind=" + kind);
        }
    }

    private String text(int wire) {
        byte[] text = new byte[wire];
        pending.get(ImageFrame.HEADER, text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private void begin(int number, String name) throws IOException {
        if (number != files.size() || number >= MAX_FILES) {
            throw new StreamCorruptException("file number=" + number + " expected=" + files.size());
        }
        if (!NAME.matcher(name).matches()) {
            throw new StreamCorruptException("no name of an image file: " + name);
        }
        FileChannel channel =
                FileChannel.open(
                        directory.resolve(name),
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.WRITE);
        files.add(new Incoming(name, channel));
    }

    private Incoming open(int number) {
        if (number < 0 || number >= files.size() || files.get(number).ended) {
            throw new StreamCorruptException(
                    "record for a file that is not open, number=" + number);
        }
        return files.get(number);
    }

    private void data(Incoming file, int raw, int wire) throws IOException {
        if (raw <= 0 || raw > ImageFrame.MAX_RAW || wire > raw) {
            throw new StreamCorruptException(
                    "chunk raw=" + raw + " wire=" + wire + " is out of bounds");
        }
        bytes += raw;
        if (bytes > maxBytes) {
            throw new StreamCorruptException(
                    "images are larger than the reserved bytes=" + maxBytes);
        }
        ByteBuffer content = pending.slice(ImageFrame.HEADER, wire);
        if (wire < raw) {
            int size =
                    decompressor.decompressDirectByteBuffer(
                            unpacked, 0, raw, pending, ImageFrame.HEADER, wire);
            if (size != raw) {
                throw new StreamCorruptException(
                        "chunk of file=" + file.name + " unpacks to " + size + ", not " + raw);
            }
            content = unpacked.slice(0, raw);
        }
        file.crc.update(content.duplicate());
        while (content.hasRemaining()) {
            file.size += file.channel.write(content);
        }
    }

    private void end(Incoming file, int wire) throws IOException {
        if (wire != 12) {
            throw new StreamCorruptException(
                    "end record of file=" + file.name + " has length=" + wire);
        }
        long size = pending.getLong(ImageFrame.HEADER);
        int crc = pending.getInt(ImageFrame.HEADER + 8);
        if (size != file.size || crc != (int) file.crc.getValue()) {
            throw new StreamCorruptException(
                    "file="
                            + file.name
                            + " arrived with size="
                            + file.size
                            + " crc="
                            + (int) file.crc.getValue()
                            + ", sent were size="
                            + size
                            + " crc="
                            + crc);
        }
        file.ended = true;
        file.channel.close();
    }

    private void finish(int count) {
        if (count != files.size() || files.stream().anyMatch(f -> !f.ended)) {
            throw new StreamCorruptException(
                    "end of stream, but files are missing or open: expected=" + count);
        }
        done = true;
    }

    @Override
    public void onFinished() {
        if (done) {
            release();
            complete.complete(bytes);
        } else {
            fail("image stream ended in the middle: bytes=" + bytes, null);
        }
    }

    @Override
    public void onAborted(String why) {
        fail("image stream was cut: bytes=" + bytes + " reason=" + why, null);
    }

    private void fail(String message, @org.jspecify.annotations.Nullable Throwable cause) {
        release();
        complete.completeExceptionally(
                cause == null
                        ? new StreamCorruptException(message)
                        : new StreamCorruptException(message, cause));
    }

    private void release() {
        decompressor.close();
        for (Incoming file : files) {
            try {
                file.channel.close();
            } catch (IOException e) {
                // nothing is lost: the directory is thrown away or every file was checked before
                file.ended = true;
            }
        }
    }
}
