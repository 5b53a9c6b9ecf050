package io.mig.transport.netty;

import io.mig.model.NodeId;
import io.mig.model.PeerLostException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.concurrent.CompletableFuture;

/**
 * The opener's side of a bulk connection: greets, waits for the other's hello, then for its answer.
 */
final class BulkOpening extends SimpleChannelInboundHandler<ByteBuf> {
    private final NettyPeerNetwork network;
    private final NodeId to;
    private final String stream;
    private final CompletableFuture<Void> open;
    private final CompletableFuture<Void> confirmed;

    BulkOpening(
            NettyPeerNetwork network,
            NodeId to,
            String stream,
            CompletableFuture<Void> open,
            CompletableFuture<Void> confirmed) {
        this.network = network;
        this.to = to;
        this.stream = stream;
        this.open = open;
        this.confirmed = confirmed;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        switch (event) {
            case SslHandshakeCompletionEvent done when done.isSuccess() -> {
                byte[] hello = Wire.hello(network.facts(), stream).toByteArray();
                context.writeAndFlush(Wire.frame(context.alloc(), Wire.HELLO, 0, 0, hello));
            }
            case SslHandshakeCompletionEvent failed -> fail(context, "TLS: " + failed.cause());
            default -> super.userEventTriggered(context, event);
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) {
        if (open.isDone()) {
            BulkOut.answer(to, frame, confirmed);
            return;
        }
        if (frame.readByte() != Wire.HELLO) {
            frame.readerIndex(0);
            BulkOut.answer(to, frame, confirmed);
            fail(context, "the receiver refused the stream");
            return;
        }
        frame.skipBytes(Wire.HEADER - 1);
        NodeId node = network.verify(context.channel(), Wire.parseHello(frame)).node();
        if (!node.equals(to)) {
            fail(context, "another node answered: " + node);
            return;
        }
        open.complete(null);
    }

    private void fail(ChannelHandlerContext context, String why) {
        open.completeExceptionally(new PeerLostException(to, why));
        confirmed.completeExceptionally(new PeerLostException(to, why));
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail(context, "connection closed");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail(context, String.valueOf(cause.getMessage()));
    }
}
