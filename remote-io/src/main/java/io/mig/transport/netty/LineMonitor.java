package io.mig.transport.netty;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * First in the pipeline: notes when anything was heard, even a part of a record, so that a large
 * message on a slow link does not look like silence. On the event loop.
 */
final class LineMonitor extends ChannelInboundHandlerAdapter {
    private long heardNanos = System.nanoTime();

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        heardNanos = System.nanoTime();
        context.fireChannelRead(message);
    }

    /** Starts the count anew, when silence was our own doing. */
    void reset() {
        heardNanos = System.nanoTime();
    }

    long silentNanos() {
        return System.nanoTime() - heardNanos;
    }
}
