package io.mig.transport.netty;

import io.mig.model.ErrorCode;
import io.mig.model.MigException;
import io.mig.model.NodeId;
import io.mig.transport.BulkReceiver;
import io.mig.transport.PeerFacts;
import io.mig.wire.proto.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection from TCP up: waits for TLS, greets, checks who the other side is, and from then on
 * hands frames to its {@link PeerLink} and keeps the connection alive. A connection that greets as
 * bulk stream changes its pipeline. The side that connects speaks first; the other side's hello is
 * its consent, an ERROR in its place says why not. All of it has one time limit. Event loop only.
 */
final class ControlHandler extends SimpleChannelInboundHandler<ByteBuf> {
    private static final Logger LOG = LoggerFactory.getLogger(ControlHandler.class);
    private static final int INBOUND_HIGH = 8 << 20;
    private static final int INBOUND_LOW = 2 << 20;

    private final NettyPeerNetwork network;
    private final LineMonitor line;

    /** Who must be there, on the side that connects. */
    private final @Nullable Connector connector;

    private @Nullable PeerLink link;
    private @Nullable InboundGate gate;
    private @Nullable Future<?> timer;
    private @Nullable NodeId certified;
    private boolean over;
    private @Nullable String why;

    ControlHandler(NettyPeerNetwork network, LineMonitor line, @Nullable Connector connector) {
        this.network = network;
        this.line = line;
        this.connector = connector;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        long limit = network.config().greeting().toMillis();
        timer =
                context.executor()
                        .schedule(
                                () ->
                                        fail(
                                                context,
                                                "it did not introduce itself within "
                                                        + limit
                                                        + " ms"),
                                limit,
                                TimeUnit.MILLISECONDS);
        if (connector == null && !network.admit()) {
            fail(context, "too many connections that have not introduced themselves");
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        stopTimer();
        if (connector == null && link == null) {
            network.leave();
        }
    }

    private void stopTimer() {
        Future<?> running = timer;
        if (running != null) {
            running.cancel(false);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (event instanceof SslHandshakeCompletionEvent handshake && !over && link == null) {
            if (handshake.isSuccess()) {
                certify(context);
            } else {
                fail(context, Causes.text(handshake.cause()));
            }
        } else {
            super.userEventTriggered(context, event);
        }
    }

    private void certify(ChannelHandlerContext context) {
        try {
            NodeId node = network.certified(PeerCertificate.uri(context.channel()));
            if (connector != null && !node.equals(connector.peer())) {
                throw new ProtocolException(
                        "another node answers there: node="
                                + node
                                + "; the address in the list of nodes is wrong");
            }
            certified = node;
        } catch (RuntimeException e) {
            refuse(context, Causes.text(e));
            return;
        }
        if (connector != null) {
            greet(context);
        }
    }

    private void greet(ChannelHandlerContext context) {
        byte[] hello = Wire.hello(network.facts(), "").toByteArray();
        context.writeAndFlush(Wire.frame(context.alloc(), Wire.HELLO, 0, 0, hello));
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) {
        if (over) {
            return;
        }
        if (frame.readableBytes() < Wire.HEADER) {
            fail(context, "frame without a header");
            return;
        }
        byte kind = frame.readByte();
        long id = frame.readLong();
        int type = frame.readUnsignedShort();
        PeerLink known = link;
        InboundGate open = gate;
        if (known != null && open != null) {
            if (kind != Wire.BEAT) {
                known.frame(context.channel(), open, kind, id, type, frame);
            }
            return;
        }
        NodeId node = certified;
        if (kind == Wire.ERROR) {
            fail(
                    context,
                    "it refuses this node: "
                            + Causes.brief(frame.toString(StandardCharsets.UTF_8)));
        } else if (kind != Wire.HELLO || node == null) {
            fail(context, "it did not begin with a hello but with frame kind=" + kind);
        } else {
            greeted(context, node, frame);
        }
    }

    private void greeted(ChannelHandlerContext context, NodeId node, ByteBuf frame) {
        try {
            Hello hello = Wire.parseHello(frame);
            PeerFacts facts = network.verify(node, hello);
            if (hello.getBulkStream().isEmpty()) {
                introduced(context, network.link(node), facts);
            } else if (connector != null) {
                throw new ProtocolException("a listener opened a bulk stream");
            } else {
                bulk(context, network.link(node), hello.getBulkStream());
            }
        } catch (RuntimeException e) {
            refuse(context, Causes.text(e));
        }
    }

    private void introduced(ChannelHandlerContext context, PeerLink to, PeerFacts facts) {
        if (connector == null && to.peer().compareTo(network.self()) > 0) {
            throw new ProtocolException(
                    "node="
                            + network.self()
                            + " connects to node="
                            + to.peer()
                            + ", not the other way round");
        }
        stopTimer();
        if (connector == null) {
            network.leave();
        }
        Channel channel = context.channel();
        gate = new InboundGate(channel, INBOUND_HIGH, INBOUND_LOW);
        link = to;
        line.reset();
        long nanos = network.config().heartbeat().toNanos();
        timer =
                context.executor()
                        .scheduleAtFixedRate(
                                () -> tick(context), nanos, nanos, TimeUnit.NANOSECONDS);
        // what others send from now on queues behind the hello: we are on the event loop
        to.up(channel, facts);
        if (connector == null) {
            greet(context);
        } else {
            connector.connected();
        }
    }

    private void tick(ChannelHandlerContext context) {
        InboundGate open = gate;
        long limit = network.config().silence().toNanos();
        if (open != null && open.paused()) {
            // we are the silent ones: nothing was read
            line.reset();
        } else if (line.silentNanos() > limit) {
            why = "nothing heard for " + TimeUnit.NANOSECONDS.toMillis(limit) + " ms";
            Channels.drop(context.channel());
            return;
        }
        context.writeAndFlush(Wire.frame(context.alloc(), Wire.BEAT, 0, 0, new byte[0]));
        PeerLink known = link;
        if (known != null) {
            known.expire();
        }
    }

    /** A peer opens a bulk stream: whoever takes it is asked on a thread that may block. */
    private void bulk(ChannelHandlerContext context, PeerLink from, String stream) {
        if (stream.length() > Wire.MAX_STREAM) {
            throw new ProtocolException("name of a bulk stream of length=" + stream.length());
        }
        context.channel().config().setAutoRead(false);
        from.inbound()
                .execute(
                        () -> {
                            try {
                                BulkReceiver receiver = from.bulkReceiver(stream);
                                BulkIn bulk = new BulkIn(from, stream, receiver, context.channel());
                                context.executor().execute(() -> begin(context, bulk));
                            } catch (MigException e) {
                                context.executor()
                                        .execute(
                                                () ->
                                                        refuse(
                                                                context,
                                                                String.valueOf(e.getMessage())));
                            } catch (RuntimeException e) {
                                LOG.warn(
                                        "nobody takes a stream: peer={} stream={}",
                                        from.peer(),
                                        stream,
                                        e);
                                context.executor()
                                        .execute(
                                                () ->
                                                        refuse(
                                                                context,
                                                                "stream="
                                                                        + stream
                                                                        + " is not welcome: "
                                                                        + e));
                            }
                        });
    }

    private void begin(ChannelHandlerContext context, BulkIn bulk) {
        if (over || context.isRemoved() || !context.channel().isActive()) {
            bulk.neverBegan();
            return;
        }
        over = true;
        greet(context);
        context.pipeline().replace("handler", "bulk", bulk);
        // afterwards, so that bytes it holds reach the new handler
        context.pipeline().remove("frames");
        context.channel().config().setAutoRead(true);
    }

    /** Tells the other side why, then closes. */
    private void refuse(ChannelHandlerContext context, String reason) {
        if (!over) {
            over = true;
            context.writeAndFlush(
                            Wire.frame(
                                    context.alloc(),
                                    Wire.ERROR,
                                    0,
                                    ErrorCode.REFUSED.number(),
                                    Wire.text(reason)))
                    .addListener(ChannelFutureListener.CLOSE);
            ended(context, reason);
        }
    }

    /** Closes: there is nobody to say why to. */
    private void fail(ChannelHandlerContext context, String reason) {
        if (why == null) {
            why = reason;
        }
        Channels.drop(context.channel());
        if (!over && link == null) {
            over = true;
            ended(context, reason);
        }
    }

    private void ended(ChannelHandlerContext context, String reason) {
        if (connector == null) {
            network.refused(context.channel(), reason);
        } else {
            connector.failed(reason);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        PeerLink known = link;
        if (known != null && context.channel().isWritable()) {
            known.onWritable();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        stopTimer();
        String reason = why == null ? "the other side closed the connection" : why;
        PeerLink known = link;
        if (known != null) {
            known.down(context.channel(), reason);
            if (connector != null) {
                connector.lost();
            }
        } else {
            fail(context, reason);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.debug("connection fails: peer={}", context.channel().remoteAddress(), cause);
        fail(context, Causes.text(cause));
    }
}
