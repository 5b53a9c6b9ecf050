package io.mig.transport.netty;

import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.model.PeerErrorException;
import io.mig.model.PeerLostException;
import io.mig.transport.BulkSender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The sending end of a bulk stream. {@link #write} copies into pooled memory while little enough is
 * on its way, so that reading the next bytes and encrypting these overlap. One owner thread.
 */
final class BulkOut implements BulkSender {
    private static final long CONFIRM_SECONDS = 60;
    private static final long STALL_SECONDS = 60;

    private final NodeId to;
    private final Channel channel;
    private final CompletableFuture<Void> confirmed;
    private ChannelFuture last;
    private ChannelFuture beforeLast;
    private boolean ended;

    BulkOut(NodeId to, Channel channel, CompletableFuture<Void> confirmed) {
        this.to = to;
        this.channel = channel;
        this.confirmed = confirmed;
        this.last = channel.newSucceededFuture();
        this.beforeLast = last;
    }

    @Override
    public void write(ByteBuffer bytes) {
        if (ended) {
            throw new IllegalStateException("stream has ended");
        }
        await(beforeLast);
        int size = bytes.remaining();
        if (size == 0) {
            return;
        }
        ByteBuf frame = channel.alloc().directBuffer(4 + size);
        frame.writeInt(size).writeBytes(bytes);
        beforeLast = last;
        last = channel.writeAndFlush(frame);
    }

    private void await(ChannelFuture write) {
        if (!write.awaitUninterruptibly(STALL_SECONDS, TimeUnit.SECONDS)) {
            close();
            throw new PeerLostException(to, "no byte taken for " + STALL_SECONDS + " s");
        }
        if (!write.isSuccess()) {
            throw failure(write.cause());
        }
    }

    private RuntimeException failure(Throwable cause) {
        if (confirmed.isCompletedExceptionally()) {
            try {
                confirmed.get();
            } catch (ExecutionException e) {
                if (e.getCause() instanceof PeerErrorException known) {
                    return known;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return new PeerLostException(to, "bulk stream broke: " + cause);
    }

    @Override
    public void finish() {
        await(last);
        ended = true;
        channel.writeAndFlush(Unpooled.copyInt(0));
        try {
            confirmed.get(CONFIRM_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PeerLostException(to, "interrupted");
        } catch (TimeoutException e) {
            throw new PeerLostException(
                    to, "stream was not confirmed in " + CONFIRM_SECONDS + " s");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof PeerErrorException known) {
                throw known;
            }
            throw new PeerLostException(to, "stream was not confirmed: " + e.getCause());
        } finally {
            channel.close();
        }
    }

    @Override
    public void abort(String why) {
        if (!ended) {
            ended = true;
            ByteBuf text =
                    Unpooled.wrappedBuffer(
                            Unpooled.copyInt(Wire.BULK_ABORT),
                            Unpooled.wrappedBuffer(Wire.text(why)));
            channel.writeAndFlush(text).addListener(done -> channel.close());
        }
    }

    @Override
    public void close() {
        abort("sender closed the stream");
    }

    /** An answer frame of the receiver. */
    static void answer(NodeId from, ByteBuf frame, CompletableFuture<Void> confirmed) {
        byte kind = frame.readByte();
        frame.readLong();
        int type = frame.readUnsignedShort();
        if (kind == Wire.REPLY) {
            confirmed.complete(null);
        } else if (kind == Wire.ERROR) {
            confirmed.completeExceptionally(
                    new PeerErrorException(
                            from,
                            ErrorCode.of(type),
                            frame.toString(java.nio.charset.StandardCharsets.UTF_8)));
        }
    }
}
