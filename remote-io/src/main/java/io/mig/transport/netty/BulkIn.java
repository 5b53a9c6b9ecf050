package io.mig.transport.netty;

import io.mig.model.ErrorCode;
import io.mig.transport.BulkReceiver;
import io.mig.transport.OrderedExecutor;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving end of a bulk stream. The event loop decrypts, cuts chunks and hands slices over;
 * the receiver works on a virtual thread, without a copy in between, and may block: reading stops
 * while too much waits for it. The receiver hears of the end exactly once, also when the peer goes
 * away.
 */
final class BulkIn extends ChannelInboundHandlerAdapter implements Bulk {
    private static final Logger LOG = LoggerFactory.getLogger(BulkIn.class);
    private static final int HIGH = 8 << 20;
    private static final int LOW = 2 << 20;
    private static final int MAX_TEXT = 4096;
    private static final int LINGER_MILLIS = 2000;

    private final PeerLink peer;
    private final String stream;
    private final BulkReceiver receiver;
    private final Channel channel;
    private final InboundGate gate;
    private final OrderedExecutor worker;
    private final StringBuilder abortText = new StringBuilder();
    private volatile String loss = "the sender closed the connection before the end";

    // owned by the event loop
    private long head;
    private int headBytes;
    private int chunkLeft;
    private boolean ended;
    private boolean aborting;

    // owned by the worker
    private long taken;
    private boolean over;

    BulkIn(PeerLink peer, String stream, BulkReceiver receiver, Channel channel) {
        this.peer = peer;
        this.stream = stream;
        this.receiver = receiver;
        this.channel = channel;
        this.gate = new InboundGate(channel, HIGH, LOW);
        this.worker = new OrderedExecutor("bulk-" + peer.peer() + "-" + stream);
    }

    /** The sender went away while the receiver was being made. */
    void neverBegan() {
        worker.execute(() -> aborted("the sender closed the connection before the stream began"));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        peer.add(this);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            while (bytes.isReadable() && !ended) {
                if (aborting) {
                    collectText(bytes);
                } else if (chunkLeft > 0) {
                    take(bytes);
                } else {
                    nextChunk(bytes);
                }
            }
        } finally {
            bytes.release();
        }
    }

    private void nextChunk(ByteBuf bytes) {
        while (headBytes < Integer.BYTES && bytes.isReadable()) {
            head = head << Byte.SIZE | bytes.readUnsignedByte();
            headBytes++;
        }
        if (headBytes < Integer.BYTES) {
            return;
        }
        int length = (int) head;
        head = 0;
        headBytes = 0;
        if (length == 0) {
            ended = true;
            worker.execute(this::finish);
        } else if (length == Wire.BULK_ABORT) {
            aborting = true;
        } else if (length < 0 || length > Wire.MAX_BULK_CHUNK) {
            throw new ProtocolException(
                    "bulk chunk length=" + Integer.toUnsignedString(length) + " is out of bounds");
        } else {
            chunkLeft = length;
        }
    }

    private void collectText(ByteBuf bytes) {
        int count = Math.min(bytes.readableBytes(), MAX_TEXT - abortText.length());
        abortText.append(bytes.toString(bytes.readerIndex(), count, StandardCharsets.UTF_8));
        bytes.skipBytes(bytes.readableBytes());
    }

    private void take(ByteBuf bytes) {
        int size = Math.min(chunkLeft, bytes.readableBytes());
        chunkLeft -= size;
        ByteBuf part = bytes.readRetainedSlice(size);
        gate.entered(size);
        worker.execute(() -> deliver(part, size));
    }

    // from here on the worker

    private void deliver(ByteBuf part, int size) {
        try {
            if (!over) {
                taken += size;
                receiver.onBytes(part.nioBuffer());
            }
        } catch (RuntimeException e) {
            LOG.warn("receiver gave up: peer={} stream={} bytes={}", peer.peer(), stream, taken, e);
            over = true;
            answer(Wire.ERROR, String.valueOf(e.getMessage()));
            receiver.onAborted(String.valueOf(e.getMessage()));
        } finally {
            part.release();
            gate.left(size);
        }
    }

    private void finish() {
        if (over) {
            return;
        }
        over = true;
        try {
            receiver.onFinished();
        } catch (RuntimeException e) {
            LOG.warn("receiver gave up at the end: peer={} stream={}", peer.peer(), stream, e);
            answer(Wire.ERROR, String.valueOf(e.getMessage()));
            return;
        }
        answer(Wire.REPLY, "");
    }

    private void aborted(String why) {
        if (!over) {
            over = true;
            peer.remove(this);
            receiver.onAborted(why);
        }
    }

    /**
     * Says how it ended and gives the sender a little time to close: closing with unread bytes
     * would reset the connection, and the sender might never read the answer (RFC 1122 section
     * 4.2.2.13).
     */
    private void answer(byte kind, String text) {
        peer.remove(this);
        int code = kind == Wire.ERROR ? ErrorCode.REFUSED.number() : 0;
        channel.eventLoop()
                .execute(
                        () -> {
                            ended = true;
                            channel.writeAndFlush(
                                    Wire.frame(channel.alloc(), kind, 0, code, Wire.text(text)));
                            channel.eventLoop()
                                    .schedule(
                                            () -> Channels.drop(channel),
                                            LINGER_MILLIS,
                                            TimeUnit.MILLISECONDS);
                        });
    }

    @Override
    public void lost(String why) {
        loss = "the connection to node=" + peer.peer() + " was lost: " + why;
        Channels.drop(channel);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ended = true;
        String why = aborting ? Causes.brief(abortText.toString()) : loss;
        worker.execute(() -> aborted(why));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        lost(Causes.text(cause));
    }
}
