package io.mig.migration.stream;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The records of an image stream. Each begins with {@value #HEADER} bytes, little endian:
 *
 * <pre>
 *   u32 kind     BEGIN, DATA, END, DONE or ABORT
 *   u32 file     number of the file, counted from 0 in the order of their BEGIN
 *   u32 raw      bytes of the file that the record stands for (DATA), else length of the text
 *   u32 wire     bytes that follow; smaller than raw when they are zstd-compressed
 * </pre>
 *
 * BEGIN carries the file's name, END its size and CRC32C, DONE the number of files, ABORT the
 * reason. A stream without DONE is incomplete whatever else it says.
 */
final class ImageFrame {
    static final int HEADER = 16;
    static final int MAX_RAW = 1 << 20;
    static final int MAX_NAME = 255;

    static final int BEGIN = 1;
    static final int DATA = 2;
    static final int END = 3;
    static final int DONE = 4;
    static final int ABORT = 5;

    private ImageFrame() {}

    static void header(ByteBuffer target, int position, int kind, int file, int raw, int wire) {
        target.order(ByteOrder.LITTLE_ENDIAN);
        target.putInt(position, kind);
        target.putInt(position + 4, file);
        target.putInt(position + 8, raw);
        target.putInt(position + 12, wire);
    }

    static ByteBuffer text(int kind, int file, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteBuffer buffer = ByteBuffer.allocateDirect(HEADER + bytes.length);
        header(buffer, 0, kind, file, bytes.length, bytes.length);
        buffer.put(HEADER, bytes);
        return buffer;
    }

    static ByteBuffer end(int file, long size, int crc) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(HEADER + 12);
        header(buffer, 0, END, file, 12, 12);
        buffer.putLong(HEADER, size);
        buffer.putInt(HEADER + 8, crc);
        return buffer;
    }

    static ByteBuffer done(int files) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(HEADER);
        header(buffer, 0, DONE, files, 0, 0);
        return buffer;
    }
}
