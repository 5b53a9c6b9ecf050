package io.mig.transport.netty;

import io.mig.model.ErrorCode;
import io.mig.model.MigException;
import io.mig.model.PeerErrorException;
import io.mig.model.PeerLostException;
import io.mig.transport.BulkSender;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sending end of a bulk stream. The owner's thread encrypts straight from the caller's buffer
 * and writes; the socket is the flow control. A virtual thread waits for the receiver's answer,
 * which is how the stream ended. A receiver may be slow for as long as its node is alive: when that
 * is lost, so is the stream. One owner thread.
 */
final class BulkOut implements BulkSender, Bulk {
    private static final Logger LOG = LoggerFactory.getLogger(BulkOut.class);
    private static final long ABORT_MILLIS = 1000;

    private final PeerLink peer;
    private final String stream;
    private final TlsPipe pipe;
    private final CompletableFuture<Void> confirmed = new CompletableFuture<>();
    private final ByteBuffer head = ByteBuffer.allocateDirect(Integer.BYTES);
    private volatile String loss = "the connection was closed";
    // owned by the sender's thread
    private boolean ended;

    /**
     * @param pipe with both hellos exchanged; owned from now on
     */
    BulkOut(PeerLink peer, String stream, TlsPipe pipe) {
        this.peer = peer;
        this.stream = stream;
        this.pipe = pipe;
    }

    void start() {
        peer.add(this);
        Thread.ofVirtual().name("bulk-answer-" + peer.peer()).start(this::awaitAnswer);
    }

    private void awaitAnswer() {
        try {
            ByteBuf frame = pipe.readFrame(Wire.HEADER + Wire.MAX_TEXT);
            byte kind = frame.readByte();
            frame.skipBytes(Long.BYTES);
            ErrorCode code = ErrorCode.of(frame.readUnsignedShort());
            switch (kind) {
                case Wire.REPLY -> confirmed.complete(null);
                case Wire.ERROR ->
                        confirmed.completeExceptionally(
                                new PeerErrorException(
                                        peer.peer(),
                                        code,
                                        "node="
                                                + peer.peer()
                                                + " gave up stream="
                                                + stream
                                                + ": "
                                                + Causes.brief(
                                                        frame.toString(StandardCharsets.UTF_8))));
                default ->
                        throw new ProtocolException(
                                "unexpected frame kind=" + kind + " from the receiver");
            }
        } catch (IOException | RuntimeException e) {
            confirmed.completeExceptionally(
                    new PeerLostException(
                            peer.peer(),
                            "stream=" + stream + " broke: " + loss + " (" + Causes.text(e) + ")"));
        } finally {
            // a writer that is stuck learns it this way
            pipe.interrupt();
        }
    }

    @Override
    public void write(ByteBuffer bytes) {
        requireOpen();
        while (bytes.hasRemaining()) {
            int count = Math.min(bytes.remaining(), Wire.MAX_BULK_CHUNK);
            transmit(count, bytes.slice(bytes.position(), count));
            bytes.position(bytes.position() + count);
        }
    }

    private void transmit(int length, ByteBuffer payload) {
        head.clear().putInt(length).flip();
        try {
            pipe.write(head, payload);
        } catch (IOException e) {
            LOG.debug("bulk write failed: peer={} stream={}", peer.peer(), stream, e);
            // the receiver's own words, when it had any, are the better reason; they may have
            // arrived already
            pipe.endOutput();
            throw failure();
        }
    }

    private void requireOpen() {
        if (ended) {
            throw new IllegalStateException(
                    "stream=" + stream + " to node=" + peer.peer() + " has ended");
        }
        if (confirmed.isDone()) {
            throw failure();
        }
    }

    /** Why the stream failed. */
    private RuntimeException failure() {
        try {
            confirmed.get(ABORT_MILLIS, TimeUnit.MILLISECONDS);
            return new PeerLostException(
                    peer.peer(), "stream=" + stream + " was confirmed before its end");
        } catch (java.util.concurrent.ExecutionException e) {
            return known(e);
        } catch (java.util.concurrent.TimeoutException e) {
            pipe.interrupt();
            return new PeerLostException(peer.peer(), "stream=" + stream + " broke: " + loss);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new PeerLostException(peer.peer(), "stream=" + stream + " broke, interrupted");
        }
    }

    private static RuntimeException known(Exception e) {
        return e.getCause() instanceof MigException known ? known : new CompletionException(e);
    }

    @Override
    public void finish() {
        requireOpen();
        transmit(0, ByteBuffer.allocate(0));
        ended = true;
        try {
            confirmed.join();
        } catch (CompletionException e) {
            throw known(e);
        } finally {
            release();
        }
    }

    @Override
    public void abort(String why) {
        if (ended) {
            return;
        }
        ended = true;
        if (!confirmed.isDone()) {
            // a receiver that takes nothing must not hold us
            CompletableFuture<Void> limit =
                    CompletableFuture.runAsync(
                            pipe::interrupt,
                            CompletableFuture.delayedExecutor(
                                    ABORT_MILLIS, TimeUnit.MILLISECONDS, Runnable::run));
            try {
                pipe.write(
                        head.clear().putInt(Wire.BULK_ABORT).flip(),
                        ByteBuffer.wrap(Wire.text(why)));
            } catch (IOException e) {
                LOG.debug("abort could not be told: peer={} stream={}", peer.peer(), stream, e);
            } finally {
                limit.cancel(false);
            }
        }
        release();
    }

    private void release() {
        peer.remove(this);
        pipe.close();
    }

    @Override
    public void close() {
        abort("the sender gave up");
        release();
    }

    @Override
    public void lost(String why) {
        loss = why;
        pipe.interrupt();
    }

    /** A frame as plain memory, for {@link TlsPipe}. */
    static ByteBuffer frame(byte kind, byte[] body) {
        ByteBuf frame =
                Wire.frame(io.netty.buffer.UnpooledByteBufAllocator.DEFAULT, kind, 0, 0, body);
        try {
            ByteBuffer copy = ByteBuffer.allocate(frame.readableBytes());
            frame.readBytes(copy);
            return copy.flip();
        } finally {
            frame.release();
        }
    }
}
