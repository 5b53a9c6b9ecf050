package io.mig.ctl.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a non-blocking channel's bytes into lines, with a bound on their length and on the silence
 * between bytes.
 */
final class LineReader {
    private final SocketChannel channel;
    private final Selector selector;
    private final Duration patience;
    private final int maxLine;
    private final ByteBuffer buffer = ByteBuffer.allocate(64 << 10).flip();

    /**
     * @param selector has the channel registered for reading
     * @param patience longest silence; zero means for ever
     */
    LineReader(SocketChannel channel, Selector selector, Duration patience, int maxLine) {
        this.channel = channel;
        this.selector = selector;
        this.patience = patience;
        this.maxLine = maxLine;
    }

    /**
     * The next line without its end, or null at the end of the stream. An unfinished last line is
     * dropped: it may be half a number.
     */
    byte @Nullable [] next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(512);
        while (true) {
            while (buffer.hasRemaining()) {
                byte next = buffer.get();
                if (next == '\n') {
                    return line.toByteArray();
                }
                if (line.size() == maxLine) {
                    throw new IOException(
                            "a line of the answer is longer than " + maxLine + " bytes");
                }
                line.write(next);
            }
            if (!fill()) {
                return null;
            }
        }
    }

    private boolean fill() throws IOException {
        buffer.clear();
        int count = channel.read(buffer);
        while (count == 0) {
            if (selector.select(patience.toMillis()) == 0) {
                throw new IOException("silent for " + patience.toSeconds() + " s");
            }
            selector.selectedKeys().clear();
            count = channel.read(buffer);
        }
        buffer.flip();
        return count > 0;
    }
}
