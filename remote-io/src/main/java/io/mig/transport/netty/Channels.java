package io.mig.transport.netty;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;

/** Ends of connections. */
final class Channels {
    private Channels() {}

    /**
     * Closes without a word: the other side is gone or not to be trusted. From the first handler
     * on, so that TLS does not wait to say goodbye to a dead peer. Any thread.
     */
    static void drop(Channel channel) {
        ChannelHandlerContext first = channel.pipeline().firstContext();
        if (first != null) {
            first.close();
        } else {
            channel.close();
        }
    }
}
