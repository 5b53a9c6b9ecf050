package io.mig.transport.netty;

import io.mig.transport.PeerFacts;
import io.mig.wire.proto.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection from TCP up: waits for TLS, greets, checks who the other side is, and from then on
 * hands frames to its {@link PeerLink}. A connection that greets as bulk stream changes its
 * pipeline. Event loop only.
 */
final class ControlHandler extends SimpleChannelInboundHandler<ByteBuf> {
    private static final Logger LOG = LoggerFactory.getLogger(ControlHandler.class);

    private final NettyPeerNetwork network;
    private final boolean outgoing;
    private @Nullable PeerLink link;
    private String why = "connection closed";

    ControlHandler(NettyPeerNetwork network, boolean outgoing) {
        this.network = network;
        this.outgoing = outgoing;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        switch (event) {
            case SslHandshakeCompletionEvent done when done.isSuccess() -> greet(context);
            case SslHandshakeCompletionEvent failed -> {
                why = "TLS handshake failed: " + failed.cause();
                network.refused(context.channel(), why);
                context.close();
            }
            case IdleStateEvent idle when idle.state() == IdleState.READER_IDLE -> {
                why = "silent for too long";
                context.close();
            }
            case IdleStateEvent idle when idle.state() == IdleState.WRITER_IDLE -> {
                if (link != null) {
                    context.writeAndFlush(
                            Wire.frame(context.alloc(), Wire.BEAT, 0, 0, new byte[0]));
                }
            }
            default -> super.userEventTriggered(context, event);
        }
    }

    private void greet(ChannelHandlerContext context) {
        byte[] hello = Wire.hello(network.facts(), "").toByteArray();
        context.writeAndFlush(Wire.frame(context.alloc(), Wire.HELLO, 0, 0, hello));
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) {
        byte kind = frame.readByte();
        long id = frame.readLong();
        int type = frame.readUnsignedShort();
        if (link != null) {
            if (kind != Wire.BEAT) {
                link.frame(context.channel(), kind, id, type, frame);
            }
            return;
        }
        if (kind != Wire.HELLO) {
            throw new IllegalArgumentException("first frame kind=" + kind + " is no hello");
        }
        Hello hello = Wire.parseHello(frame);
        PeerFacts facts = network.verify(context.channel(), hello);
        if (hello.getBulkStream().isEmpty()) {
            link = network.link(facts.node());
            link.up(context.channel(), facts);
        } else if (outgoing) {
            throw new IllegalArgumentException("a listener opened a bulk stream");
        } else {
            network.bulk(context, facts.node(), hello.getBulkStream());
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (link != null) {
            link.down(context.channel(), why);
        }
        if (outgoing) {
            network.outgoingEnded(context.channel(), link == null ? why : "");
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        why = String.valueOf(cause.getMessage());
        if (link == null) {
            network.refused(context.channel(), why);
        } else {
            LOG.debug("connection fails: peer={}", context.channel().remoteAddress(), cause);
        }
        context.close();
    }
}
