package io.mig.transport.netty;

import io.mig.model.ErrorCode;
import io.mig.transport.BulkReceiver;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving end of a bulk stream. The event loop cuts chunks and hands slices over; the
 * receiver works on a virtual thread. Reading stops while too much waits for it.
 */
final class BulkIn extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(BulkIn.class);
    private static final long HIGH = 8L << 20;
    private static final long LOW = 2L << 20;
    private static final int MAX_TEXT = 65536;

    private final BulkReceiver receiver;
    private final SerialExecutor worker;
    private final AtomicLong queued = new AtomicLong();
    private final ByteBuf head;
    private long chunkLeft;
    private boolean ended;
    private boolean aborting;
    private StringBuilder abortText = new StringBuilder();

    BulkIn(BulkReceiver receiver, String name, ByteBuf head) {
        this.receiver = receiver;
        this.worker = new SerialExecutor(name);
        this.head = head;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            while (bytes.isReadable() && !ended) {
                if (chunkLeft == 0 && !aborting) {
                    nextChunk(context, bytes);
                } else {
                    take(context, bytes);
                }
            }
        } finally {
            bytes.release();
        }
    }

    private void nextChunk(ChannelHandlerContext context, ByteBuf bytes) {
        head.writeBytes(bytes, Math.min(4 - head.readableBytes(), bytes.readableBytes()));
        if (head.readableBytes() < 4) {
            return;
        }
        int length = head.getInt(0);
        head.clear();
        if (length == 0) {
            ended = true;
            worker.execute(() -> finish(context));
        } else if (length == Wire.BULK_ABORT) {
            aborting = true;
        } else if (length < 0 || length > Wire.MAX_BULK_CHUNK) {
            throw new IllegalArgumentException("bulk chunk length=" + length);
        } else {
            chunkLeft = length;
        }
    }

    private void take(ChannelHandlerContext context, ByteBuf bytes) {
        if (aborting) {
            if (abortText.length() < MAX_TEXT) {
                abortText.append(bytes.toString(StandardCharsets.UTF_8));
            }
            bytes.skipBytes(bytes.readableBytes());
            return;
        }
        int size = (int) Math.min(chunkLeft, bytes.readableBytes());
        chunkLeft -= size;
        ByteBuf part = bytes.readRetainedSlice(size);
        if (queued.addAndGet(size) > HIGH) {
            context.channel().config().setAutoRead(false);
        }
        worker.execute(() -> deliver(context, part, size));
    }

    private void deliver(ChannelHandlerContext context, ByteBuf part, int size) {
        try {
            for (var buffer : part.nioBuffers()) {
                receiver.onBytes(buffer);
            }
        } catch (RuntimeException e) {
            LOG.warn("bulk receiver failed", e);
            answer(context, Wire.ERROR, String.valueOf(e.getMessage()));
        } finally {
            part.release();
            if (queued.addAndGet(-size) < LOW) {
                context.channel().config().setAutoRead(true);
            }
        }
    }

    private void finish(ChannelHandlerContext context) {
        try {
            receiver.onFinished();
            answer(context, Wire.REPLY, "");
        } catch (RuntimeException e) {
            answer(context, Wire.ERROR, String.valueOf(e.getMessage()));
        }
    }

    private static void answer(ChannelHandlerContext context, byte kind, String text) {
        context.channel()
                .writeAndFlush(
                        Wire.frame(
                                context.alloc(),
                                kind,
                                0,
                                kind == Wire.ERROR ? ErrorCode.INTERNAL.number() : 0,
                                Wire.text(text)));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        head.release();
        if (!ended) {
            ended = true;
            String why = aborting ? abortText.toString() : "connection lost";
            worker.execute(() -> receiver.onAborted(why));
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.info("bulk stream broken: {}", cause.toString());
        context.close();
    }
}
