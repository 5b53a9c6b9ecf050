package io.mig.transport.netty;

import io.mig.model.NodeId;
import io.mig.model.PeerLostException;
import io.mig.transport.BulkReceiver;
import io.mig.transport.BulkSender;
import io.mig.transport.PeerAddress;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import io.mig.transport.PeerState;
import io.mig.wire.proto.Hello;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster over mutual TLS 1.3. Between two nodes there is one control connection, opened by the
 * one whose name sorts first; bulk streams have connections of their own. Thread-safe.
 */
public final class NettyPeerNetwork implements PeerNetwork {
    private static final Logger LOG = LoggerFactory.getLogger(NettyPeerNetwork.class);
    private static final long FIRST_RETRY_MILLIS = 100;
    private static final long LAST_RETRY_MILLIS = 2000;
    private static final int SOCKET_BUFFER = 4 << 20;

    private final PeerFacts facts;
    private final NetworkConfig config;
    private final String cluster;
    private final TlsContexts tls;
    private final Map<NodeId, PeerAddress> addresses = new LinkedHashMap<>();
    private final Map<NodeId, PeerLink> links = new ConcurrentHashMap<>();
    private final Map<NodeId, AtomicLong> retry = new ConcurrentHashMap<>();
    private final Map<Channel, NodeId> dialled = new ConcurrentHashMap<>();
    private final Map<String, Instant> complaints = new ConcurrentHashMap<>();
    private final MultiThreadIoEventLoopGroup loops;
    private @Nullable PeerHandler handler;
    private @Nullable Channel server;
    private volatile boolean closed;

    /**
     * @throws IOException when this node's key or certificates cannot be used
     */
    public NettyPeerNetwork(PeerFacts facts, NetworkConfig config, TlsIdentity identity)
            throws IOException {
        this.facts = facts;
        this.config = config;
        this.cluster = identity.cluster();
        this.tls = TlsContexts.load(identity);
        for (PeerAddress address : config.peers()) {
            if (!address.node().equals(facts.node())) {
                addresses.put(address.node(), address);
            }
        }
        this.loops = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    }

    @Override
    public NodeId self() {
        return facts.node();
    }

    PeerFacts facts() {
        return facts;
    }

    @Override
    public void start(PeerHandler peerHandler) {
        handler = peerHandler;
        addresses.keySet().forEach(peer -> links.put(peer, new PeerLink(peer, peerHandler)));
        server =
                new ServerBootstrap()
                        .group(loops)
                        .channel(EpollServerSocketChannel.class)
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childOption(
                                ChannelOption.WRITE_BUFFER_WATER_MARK,
                                new WriteBufferWaterMark(1 << 20, 4 << 20))
                        .childHandler(
                                pipeline(
                                        tls.server(),
                                        new LateHandler(() -> new ControlHandler(this, false))))
                        .bind(config.listenHost(), config.listenPort())
                        .syncUninterruptibly()
                        .channel();
        LOG.info(
                "listening: node={} address={} tls={}",
                self(),
                server.localAddress(),
                tls.provider());
        addresses.values().stream()
                .filter(a -> self().compareTo(a.node()) < 0)
                .forEach(this::connect);
    }

    /** Makes a fresh handler for each channel. */
    private record LateHandler(java.util.function.Supplier<ChannelHandler> maker) {}

    private ChannelInitializer<Channel> pipeline(SslContext context, LateHandler last) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                SslHandler ssl = context.newHandler(channel.alloc());
                ssl.setHandshakeTimeoutMillis(config.greeting().toMillis());
                channel.pipeline()
                        .addLast("tls", ssl)
                        .addLast(
                                "idle",
                                new IdleStateHandler(
                                        config.silence().toMillis(),
                                        config.heartbeat().toMillis(),
                                        0,
                                        TimeUnit.MILLISECONDS))
                        .addLast(
                                "frames",
                                new LengthFieldBasedFrameDecoder(Wire.MAX_FRAME + 4, 0, 4, 0, 4))
                        .addLast("handler", last.maker().get());
            }
        };
    }

    private void connect(PeerAddress address) {
        if (closed) {
            return;
        }
        bootstrap(new LateHandler(() -> new ControlHandler(this, true)))
                .connect(new InetSocketAddress(address.host(), address.port()))
                .addListener(
                        (io.netty.channel.ChannelFuture future) -> {
                            if (future.isSuccess()) {
                                dialled.put(future.channel(), address.node());
                                if (!future.channel().isActive()) {
                                    outgoingEnded(future.channel(), "closed at once");
                                }
                            } else {
                                again(address);
                            }
                        });
    }

    private Bootstrap bootstrap(LateHandler last) {
        return new Bootstrap()
                .group(loops)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 3000)
                .option(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(1 << 20, 4 << 20))
                .handler(pipeline(tls.client(), last));
    }

    private void again(PeerAddress address) {
        AtomicLong pause =
                retry.computeIfAbsent(address.node(), n -> new AtomicLong(FIRST_RETRY_MILLIS));
        long millis = pause.getAndUpdate(p -> Math.min(LAST_RETRY_MILLIS, p * 2));
        if (!closed) {
            loops.schedule(() -> connect(address), millis, TimeUnit.MILLISECONDS);
        }
    }

    /** A connection that this node had opened is gone. */
    void outgoingEnded(Channel channel, String whyNever) {
        NodeId peer = dialled.remove(channel);
        if (peer == null) {
            return;
        }
        if (whyNever.isEmpty()) {
            retry.remove(peer);
        }
        PeerAddress address = addresses.get(peer);
        if (address != null) {
            again(address);
        }
    }

    /** A connection that never became a peer's; told once a minute per reason. */
    void refused(Channel channel, String why) {
        String key =
                (channel.remoteAddress() instanceof InetSocketAddress a ? a.getHostString() : "?")
                        + " "
                        + why;
        Instant now = Instant.now();
        Instant before = complaints.put(key, now);
        if (complaints.size() > 1000) {
            complaints.clear();
        }
        if (before == null || before.plusSeconds(60).isBefore(now)) {
            LOG.warn("connection refused: address={} reason={}", channel.remoteAddress(), why);
        }
    }

    /**
     * Compares what a peer says with what its certificate proves and with the list of nodes.
     *
     * @throws IllegalArgumentException when they differ
     */
    PeerFacts verify(Channel channel, Hello hello) {
        PeerFacts peer = Wire.facts(hello);
        String expected = "mig://" + cluster + "/node/" + peer.node();
        String seen = PeerCertificate.uri(channel);
        if (!expected.equals(seen)) {
            throw new IllegalArgumentException(
                    "hello of node=" + peer.node() + " came with the certificate of " + seen);
        }
        if (!addresses.containsKey(peer.node())) {
            throw new IllegalArgumentException(
                    "node=" + peer.node() + " is not in the list of nodes");
        }
        if (peer.protocolMin() > Wire.PROTOCOL || peer.protocolMax() < Wire.PROTOCOL) {
            throw new IllegalArgumentException(
                    "node="
                            + peer.node()
                            + " speaks protocol "
                            + peer.protocolMin()
                            + " to "
                            + peer.protocolMax()
                            + ", this agent speaks "
                            + Wire.PROTOCOL);
        }
        return peer;
    }

    PeerLink link(NodeId peer) {
        PeerLink link = links.get(peer);
        if (link == null) {
            throw new PeerLostException(peer, "not in the list of nodes");
        }
        return link;
    }

    /** A peer opens a bulk stream: from now on the connection carries chunks. */
    void bulk(ChannelHandlerContext context, NodeId from, String stream) {
        BulkReceiver receiver = requireHandler().onBulk(from, stream);
        ChannelPipeline pipeline = context.pipeline();
        byte[] hello = Wire.hello(facts, "").toByteArray();
        context.writeAndFlush(Wire.frame(context.alloc(), Wire.HELLO, 0, 0, hello));
        pipeline.remove("idle");
        pipeline.replace(
                "handler",
                "bulk",
                new BulkIn(receiver, "bulk-" + from, context.alloc().heapBuffer(4, 4)));
        pipeline.remove("frames");
    }

    private PeerHandler requireHandler() {
        PeerHandler current = handler;
        if (current == null) {
            throw new IllegalStateException("not started");
        }
        return current;
    }

    @Override
    public Set<NodeId> peers() {
        return Set.copyOf(addresses.keySet());
    }

    @Override
    public PeerState state(NodeId peer) {
        PeerLink link = links.get(peer);
        return link == null
                ? new PeerState(false, Instant.EPOCH, Optional.empty(), "not in the list of nodes")
                : link.state();
    }

    @Override
    public CompletableFuture<PeerMessage> request(
            NodeId to, PeerMessage message, Duration timeout) {
        try {
            return link(to).request(message, timeout);
        } catch (PeerLostException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public void send(NodeId to, PeerMessage message) {
        PeerLink link = links.get(to);
        if (link != null) {
            link.send(message);
        }
    }

    @Override
    public boolean writable(NodeId to) {
        PeerLink link = links.get(to);
        return link != null && link.writable();
    }

    @Override
    public BulkSender openBulk(NodeId to, String streamId) {
        PeerAddress address = addresses.get(to);
        if (address == null) {
            throw new PeerLostException(to, "not in the list of nodes");
        }
        CompletableFuture<Void> open = new CompletableFuture<>();
        CompletableFuture<Void> confirmed = new CompletableFuture<>();
        Channel channel =
                bootstrap(
                                new LateHandler(
                                        () -> new BulkOpening(this, to, streamId, open, confirmed)))
                        .option(ChannelOption.SO_SNDBUF, SOCKET_BUFFER)
                        .connect(new InetSocketAddress(address.host(), address.port()))
                        .channel();
        channel.closeFuture()
                .addListener(
                        done -> {
                            PeerLostException lost = new PeerLostException(to, "connection closed");
                            open.completeExceptionally(lost);
                            confirmed.completeExceptionally(lost);
                        });
        try {
            open.get(config.greeting().toMillis() + 3000, TimeUnit.MILLISECONDS);
            channel.pipeline().remove("idle");
            return new BulkOut(to, channel, confirmed);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            channel.close();
            throw new PeerLostException(to, "interrupted");
        } catch (TimeoutException e) {
            channel.close();
            throw new PeerLostException(to, "bulk stream was not opened in time");
        } catch (ExecutionException e) {
            channel.close();
            throw e.getCause() instanceof PeerLostException lost
                    ? lost
                    : new PeerLostException(to, String.valueOf(e.getCause()));
        }
    }

    @Override
    public int boundPort() {
        Channel listening = server;
        return listening == null || !(listening.localAddress() instanceof InetSocketAddress address)
                ? 0
                : address.getPort();
    }

    @Override
    public void close() {
        closed = true;
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(3000);
    }
}
