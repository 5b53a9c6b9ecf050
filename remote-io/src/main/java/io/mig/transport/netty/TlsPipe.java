package io.mig.transport.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.ReferenceCountUtil;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A blocking TLS connection that encrypts on the caller's thread, straight from the caller's buffer
 * into one large direct buffer: no copy, no hand-over to an event loop, and the socket itself is
 * the flow control. One writer and one reader at a time; {@link #close} from any thread ends both.
 */
final class TlsPipe implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TlsPipe.class);
    private static final int OUT_BYTES = 512 << 10;
    private static final int IN_BYTES = 64 << 10;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocketChannel channel;
    private final SSLEngine engine;

    /** The reader writes too when the other side asks for new keys. */
    private final ReentrantLock writing = new ReentrantLock();

    private final ReentrantLock reading = new ReentrantLock();
    private final ByteBuf outMemory;
    private final ByteBuf inMemory;
    private final ByteBuf plainMemory;
    private final ByteBuffer out;
    private final ByteBuffer in;
    private final ByteBuffer plain;
    // guarded by both locks: written under both, read under one
    private boolean released;

    /** Takes ownership of both; they are released by {@link #close}. */
    TlsPipe(SocketChannel channel, SSLEngine engine, ByteBufAllocator allocator) {
        this.channel = channel;
        this.engine = engine;
        outMemory = allocator.directBuffer(OUT_BYTES, OUT_BYTES);
        inMemory = allocator.directBuffer(IN_BYTES, IN_BYTES);
        plainMemory = allocator.directBuffer(IN_BYTES, IN_BYTES);
        out = outMemory.nioBuffer(0, OUT_BYTES);
        in = inMemory.nioBuffer(0, IN_BYTES).flip().limit(0);
        plain = plainMemory.nioBuffer(0, IN_BYTES).limit(0);
    }

    void handshake() throws IOException {
        reading.lock();
        try {
            refuseWhenReleased();
            engine.beginHandshake();
            while (true) {
                switch (engine.getHandshakeStatus()) {
                    case NEED_WRAP -> wrap(NOTHING);
                    case NEED_TASK -> tasks();
                    case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> unwrap();
                    case FINISHED, NOT_HANDSHAKING -> {
                        return;
                    }
                }
            }
        } finally {
            reading.unlock();
        }
    }

    private void refuseWhenReleased() throws EOFException {
        if (released) {
            throw new EOFException("connection closed");
        }
    }

    SSLSession session() {
        return engine.getSession();
    }

    /** Sends all of it, or fails. */
    void write(ByteBuffer... sources) throws IOException {
        writing.lock();
        try {
            refuseWhenReleased();
            for (ByteBuffer source : sources) {
                while (source.hasRemaining()) {
                    encrypt(source);
                }
            }
            flush();
        } finally {
            writing.unlock();
        }
    }

    /** Fills the outgoing buffer; sends it when there is no room for another record. */
    private void encrypt(ByteBuffer source) throws IOException {
        SSLEngineResult result = engine.wrap(source, out);
        switch (result.getStatus()) {
            case OK -> {
                if (result.bytesConsumed() == 0
                        && result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                    tasks();
                }
            }
            case BUFFER_OVERFLOW -> flush();
            case CLOSED -> throw new EOFException("the other side closed the connection");
            case BUFFER_UNDERFLOW -> throw new IOException("TLS asks for input while it writes");
        }
    }

    private void flush() throws IOException {
        out.flip();
        try {
            while (out.hasRemaining()) {
                if (channel.write(out) < 0) {
                    throw new EOFException("connection closed");
                }
            }
        } finally {
            out.clear();
        }
    }

    private void wrap(ByteBuffer source) throws IOException {
        writing.lock();
        try {
            refuseWhenReleased();
            encrypt(source);
            flush();
        } finally {
            writing.unlock();
        }
    }

    /** Reads exactly so many bytes. */
    void readFully(ByteBuffer target) throws IOException {
        reading.lock();
        try {
            refuseWhenReleased();
            while (target.hasRemaining()) {
                if (plain.hasRemaining()) {
                    int count = Math.min(plain.remaining(), target.remaining());
                    target.put(target.position(), plain, plain.position(), count);
                    target.position(target.position() + count);
                    plain.position(plain.position() + count);
                } else {
                    unwrap();
                    if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                        wrap(NOTHING);
                    }
                }
            }
        } finally {
            reading.unlock();
        }
    }

    /** Reads one frame of {@link Wire}: what follows the length, which is checked first. */
    ByteBuf readFrame(int max) throws IOException {
        ByteBuffer length = ByteBuffer.allocate(Integer.BYTES);
        readFully(length);
        int bytes = length.getInt(0);
        if (bytes < Wire.HEADER || bytes > max) {
            throw new IOException(
                    "frame length="
                            + Integer.toUnsignedString(bytes)
                            + " is out of bounds, at most "
                            + max);
        }
        byte[] frame = new byte[bytes];
        readFully(ByteBuffer.wrap(frame));
        return Unpooled.wrappedBuffer(frame);
    }

    private void unwrap() throws IOException {
        plain.clear();
        SSLEngineResult result;
        try {
            result = engine.unwrap(in, plain);
        } finally {
            plain.flip();
        }
        switch (result.getStatus()) {
            case OK -> {
                if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                    tasks();
                }
            }
            case BUFFER_UNDERFLOW -> fill();
            case CLOSED -> throw new EOFException("the other side closed the connection");
            case BUFFER_OVERFLOW ->
                    throw new IOException("TLS record larger than " + IN_BYTES + " bytes");
        }
    }

    private void fill() throws IOException {
        in.compact();
        try {
            if (channel.read(in) < 0) {
                throw new EOFException("the other side closed the connection");
            }
        } finally {
            in.flip();
        }
    }

    private void tasks() {
        for (Runnable task = engine.getDelegatedTask();
                task != null;
                task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    /** No more writes; what the other side has said can still be read. */
    void endOutput() {
        try {
            channel.shutdownOutput();
        } catch (IOException e) {
            LOG.debug("cannot half close a connection", e);
        }
    }

    /** Ends reads and writes that are under way in other threads; frees nothing. Does not block. */
    void interrupt() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("cannot close a connection that is being thrown away", e);
        }
    }

    /** Ends reads and writes that are under way, then frees what they used. */
    @Override
    public void close() {
        interrupt();
        // memory must not go while another thread is in the engine with it; the reader may want
        // both locks
        reading.lock();
        writing.lock();
        try {
            if (!released) {
                released = true;
                outMemory.release();
                inMemory.release();
                plainMemory.release();
                ReferenceCountUtil.release(engine);
            }
        } finally {
            writing.unlock();
            reading.unlock();
        }
    }
}
