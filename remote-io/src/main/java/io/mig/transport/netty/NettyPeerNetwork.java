package io.mig.transport.netty;

import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.pki.NodeUri;
import io.mig.transport.BulkSender;
import io.mig.transport.LinkLoad;
import io.mig.transport.PeerAddress;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import io.mig.transport.PeerState;
import io.mig.wire.proto.Hello;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster over mutual TLS 1.3. Between two nodes there is one control connection, opened by the
 * one whose name sorts first; bulk streams have connections of their own. Thread-safe.
 *
 * <p>Pipeline: {@link LineMonitor}, TLS, flush consolidation, frames, {@link ControlHandler}; for a
 * bulk stream the last two make way for {@link BulkIn}.
 */
public final class NettyPeerNetwork implements PeerNetwork {
    private static final Logger LOG = LoggerFactory.getLogger(NettyPeerNetwork.class);
    private static final int LOOPS = 2;
    private static final int MAX_UNKNOWN = 256;
    private static final long GOODBYE_MILLIS = 500;
    static final WriteBufferWaterMark OUTBOUND = new WriteBufferWaterMark(1 << 20, 4 << 20);
    private static final int MAX_READ = 512 << 10;

    private final PeerFacts facts;
    private final NetworkConfig config;
    private final String cluster;
    private final TlsContexts tls;
    private final BulkConnector bulks;
    private final RefusalLog refusals = new RefusalLog(InstantSource.system());
    private final AtomicInteger unknown = new AtomicInteger();
    private final Map<NodeId, PeerAddress> addresses = new LinkedHashMap<>();
    private final Map<NodeId, PeerLink> links = new ConcurrentHashMap<>();
    private final List<Connector> connectors = new ArrayList<>();
    private final MultiThreadIoEventLoopGroup loops;
    private volatile @Nullable Channel server;
    private volatile boolean closed;

    /**
     * @throws IOException when this node's key or certificates cannot be used
     */
    public NettyPeerNetwork(PeerFacts facts, NetworkConfig config, TlsIdentity identity)
            throws IOException {
        this(facts, config, identity, TlsContexts.best());
    }

    NettyPeerNetwork(
            PeerFacts facts, NetworkConfig config, TlsIdentity identity, SslProvider provider)
            throws IOException {
        this.facts = facts;
        this.config = config;
        this.cluster = identity.cluster();
        this.tls = TlsContexts.load(identity, provider);
        this.bulks = new BulkConnector(this, tls, ByteBufAllocator.DEFAULT);
        for (PeerAddress address : config.peers()) {
            if (!address.node().equals(facts.node())) {
                addresses.put(address.node(), address);
            }
        }
        this.loops =
                new MultiThreadIoEventLoopGroup(
                        LOOPS,
                        new DefaultThreadFactory("peers-" + facts.node(), true),
                        EpollIoHandler.newFactory());
    }

    @Override
    public NodeId self() {
        return facts.node();
    }

    PeerFacts facts() {
        return facts;
    }

    NetworkConfig config() {
        return config;
    }

    /**
     * @throws RefusedException when the address cannot be listened on
     */
    @Override
    public void start(PeerHandler peerHandler) {
        addresses.keySet().forEach(peer -> links.put(peer, new PeerLink(peer, peerHandler)));
        server = listen();
        LOG.info(
                "listening: node={} port={} peers={} tls={}",
                self(),
                boundPort(),
                peers(),
                tls.description());
        Bootstrap prototype =
                new Bootstrap()
                        .channel(EpollSocketChannel.class)
                        .option(ChannelOption.TCP_NODELAY, true)
                        .option(
                                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                                (int) config.greeting().toMillis())
                        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, OUTBOUND);
        for (PeerAddress address : addresses.values()) {
            if (self().compareTo(address.node()) < 0) {
                Connector connector =
                        new Connector(link(address.node()), address, loops.next(), prototype, this);
                connectors.add(connector);
                connector.start();
            }
        }
    }

    private Channel listen() {
        try {
            return new ServerBootstrap()
                    .group(loops)
                    .channel(EpollServerSocketChannel.class)
                    .option(ChannelOption.SO_REUSEADDR, true)
                    .option(ChannelOption.SO_BACKLOG, 256)
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, OUTBOUND)
                    .childOption(
                            ChannelOption.RECVBUF_ALLOCATOR,
                            new AdaptiveRecvByteBufAllocator(1024, 8192, MAX_READ))
                    .childHandler(pipeline(tls.server(), null))
                    .bind(config.listenHost(), config.listenPort())
                    .syncUninterruptibly()
                    .channel();
        } catch (RuntimeException e) {
            close();
            throw new RefusedException(
                    ErrorCode.REFUSED,
                    "cannot listen for other agents: address="
                            + config.listenHost()
                            + ":"
                            + config.listenPort()
                            + " reason="
                            + Causes.text(e)
                            + "; does another agent run here?");
        }
    }

    ChannelHandler connecting(Connector connector) {
        return pipeline(tls.client(), connector);
    }

    private ChannelHandler pipeline(SslContext context, @Nullable Connector connector) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                LineMonitor line = new LineMonitor();
                SslHandler ssl = context.newHandler(channel.alloc());
                ssl.setHandshakeTimeoutMillis(config.greeting().toMillis());
                ssl.setCloseNotifyFlushTimeoutMillis(GOODBYE_MILLIS);
                channel.pipeline()
                        .addLast("line", line)
                        .addLast("tls", ssl)
                        .addLast("flush", new FlushConsolidationHandler(64, true))
                        .addLast(
                                "frames",
                                new LengthFieldBasedFrameDecoder(Wire.MAX_FRAME + 4, 0, 4, 0, 4))
                        .addLast(
                                "handler",
                                new ControlHandler(NettyPeerNetwork.this, line, connector));
            }
        };
    }

    /** Lets a new connection in that nobody knows yet; each is followed by {@link #leave}. */
    boolean admit() {
        return unknown.incrementAndGet() <= MAX_UNKNOWN;
    }

    void leave() {
        unknown.decrementAndGet();
    }

    /** A connection that never became a peer's. */
    void refused(Channel channel, String why) {
        if (!closed) {
            refusals.refused(channel.remoteAddress(), why);
        }
    }

    /**
     * Compares what a certificate says with the list of nodes.
     *
     * @throws ProtocolException when it is of another cluster or unknown
     */
    NodeId certified(NodeUri name) {
        if (!name.cluster().equals(cluster)) {
            throw new ProtocolException(
                    "it belongs to cluster=" + name.cluster() + ", this node to " + cluster);
        }
        if (!addresses.containsKey(name.node())) {
            throw new ProtocolException(
                    "node=" + name.node() + " is not in the list of nodes of node=" + self());
        }
        return name.node();
    }

    /**
     * Compares what a peer says with what its certificate proves, and its version with ours.
     *
     * @throws ProtocolException when they do not fit
     */
    PeerFacts verify(NodeId certified, Hello hello) {
        if (!hello.getNode().equals(certified.name())) {
            throw new ProtocolException(
                    "node="
                            + certified
                            + " (by its certificate) says it is node="
                            + Causes.brief(hello.getNode())
                            + ": its configuration and its certificate do not fit");
        }
        if (hello.getProtocolMin() > facts.protocolMax()
                || hello.getProtocolMax() < facts.protocolMin()) {
            throw new ProtocolException(
                    "node="
                            + certified
                            + " speaks protocol "
                            + hello.getProtocolMin()
                            + " to "
                            + hello.getProtocolMax()
                            + ", node="
                            + self()
                            + " speaks "
                            + facts.protocolMin()
                            + " to "
                            + facts.protocolMax()
                            + ": install releases of mig that have one in common");
        }
        return Wire.facts(hello);
    }

    PeerLink link(NodeId peer) {
        PeerLink link = links.get(peer);
        if (link == null) {
            throw notListed(peer);
        }
        return link;
    }

    private RefusedException notListed(NodeId node) {
        return new RefusedException(
                ErrorCode.NOT_FOUND,
                "node=" + node + " is not in the list of nodes of node=" + self());
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
        PeerLink link = links.get(to);
        return link == null
                ? CompletableFuture.failedFuture(notListed(to))
                : link.request(message, timeout);
    }

    @Override
    public CompletableFuture<PeerMessage> requestInline(
            NodeId to, PeerMessage message, Duration timeout) {
        PeerLink link = links.get(to);
        return link == null
                ? CompletableFuture.failedFuture(notListed(to))
                : link.requestInline(message, timeout);
    }

    @Override
    public LinkLoad load(NodeId to) {
        PeerLink link = links.get(to);
        return link == null ? LinkLoad.IDLE : link.load();
    }

    @Override
    public boolean repliesFromAnyThread() {
        return true;
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
        if (streamId.isEmpty() || streamId.length() > Wire.MAX_STREAM) {
            throw new IllegalArgumentException(
                    "name of a bulk stream: length="
                            + streamId.length()
                            + " outside 1.."
                            + Wire.MAX_STREAM);
        }
        PeerAddress address = addresses.get(to);
        if (address == null) {
            throw notListed(to);
        }
        PeerLink link = link(to);
        if (!link.isUp()) {
            throw link.notSent();
        }
        return bulks.open(link, address, streamId);
    }

    @Override
    public int boundPort() {
        Channel listening = server;
        return listening == null || !(listening.localAddress() instanceof InetSocketAddress address)
                ? 0
                : address.getPort();
    }

    /** Loses all connections, which then come again by themselves. For tests. */
    void dropConnections(String why) {
        links.values().forEach(link -> link.drop(why));
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        connectors.forEach(Connector::close);
        Channel listening = server;
        if (listening != null) {
            listening.close().awaitUninterruptibly(1000);
        }
        links.values().forEach(PeerLink::close);
        loops.shutdownGracefully(20, 2000, TimeUnit.MILLISECONDS).awaitUninterruptibly(3000);
        tls.close();
    }
}
