package io.mig.transport.local;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.PeerCredentials;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Unix stream socket whose clients are known by their credentials (unix(7), SO_PEERCRED). A stale
 * socket file of a former server is replaced. Start and close from one thread; handlers run on
 * event loops.
 */
public final class LocalServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalServer.class);
    private static final WriteBufferWaterMark OUTBOUND =
            new WriteBufferWaterMark(256 << 10, 1 << 20);

    /** A client that reads nothing loses its connection here; the largest answer is well below. */
    private static final long MAX_QUEUED = 64L << 20;

    private final Path path;
    private final int mode;
    private final Function<LocalPeer, LocalHandler> handlers;
    private @Nullable MultiThreadIoEventLoopGroup loops;
    private @Nullable Channel listener;
    private @Nullable ChannelGroup clients;

    /**
     * @param mode permission bits of the socket file: who may connect
     * @param handlers makes a handler for each client
     */
    public LocalServer(Path path, int mode, Function<LocalPeer, LocalHandler> handlers) {
        this.path = path;
        this.mode = mode;
        this.handlers = handlers;
    }

    /** Listens. The socket appears under its name only when it has its permissions. */
    public void start() throws IOException {
        MultiThreadIoEventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        loops = group;
        ChannelGroup accepted = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE, true);
        clients = accepted;
        Path temporary = path.resolveSibling(path.getFileName() + ".new");
        Files.createDirectories(path.toAbsolutePath().getParent());
        Files.deleteIfExists(temporary);
        try {
            listener =
                    new ServerBootstrap()
                            .group(group)
                            .channel(EpollServerDomainSocketChannel.class)
                            .option(ChannelOption.SO_BACKLOG, 1024)
                            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, OUTBOUND)
                            .childHandler(
                                    new ChannelInitializer<EpollDomainSocketChannel>() {
                                        @Override
                                        protected void initChannel(EpollDomainSocketChannel channel)
                                                throws IOException {
                                            accepted.add(channel); // closed at once when too late
                                            accept(channel);
                                        }
                                    })
                            .bind(new DomainSocketAddress(temporary.toFile()))
                            .syncUninterruptibly()
                            .channel();
            Files.setPosixFilePermissions(temporary, permissions(mode));
            Files.move(
                    temporary,
                    path,
                    java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException | RuntimeException e) {
            close();
            throw new IOException("cannot listen on socket=" + path + ": " + e.getMessage(), e);
        }
    }

    private void accept(EpollDomainSocketChannel channel) throws IOException {
        PeerCredentials credentials = channel.peerCredentials();
        int[] gids = credentials.gids();
        LocalPeer peer =
                new LocalPeer(
                        credentials.pid(), credentials.uid(), gids.length == 0 ? -1 : gids[0]);
        channel.pipeline().addLast(new Bridge(peer, handlers.apply(peer)));
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        PosixFilePermission[] bits = {
            PosixFilePermission.OTHERS_EXECUTE,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.GROUP_EXECUTE,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.OWNER_EXECUTE,
            PosixFilePermission.OWNER_WRITE,
            PosixFilePermission.OWNER_READ
        };
        Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
        for (int i = 0; i < bits.length; i++) {
            if ((mode & (1 << i)) != 0) {
                set.add(bits[i]);
            }
        }
        return set;
    }

    @Override
    public void close() {
        MultiThreadIoEventLoopGroup group = loops;
        Channel listening = listener;
        loops = null;
        listener = null;
        ChannelGroup accepted = clients;
        clients = null;
        if (listening != null) {
            listening.close().awaitUninterruptibly(1000);
        }
        // the end of an event loop alone may leave a client's connection open and unread
        if (accepted != null) {
            accepted.close().awaitUninterruptibly(1000);
        }
        if (group != null) {
            group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(3000);
        }
    }

    private static final class Bridge extends ChannelInboundHandlerAdapter {
        private final LocalPeer peer;
        private final LocalHandler handler;

        Bridge(LocalPeer peer, LocalHandler handler) {
            this.peer = peer;
            this.handler = handler;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            handler.onOpen(new Connection(peer, context.channel()));
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf buffer = (ByteBuf) message;
            try {
                handler.onBytes(buffer.nioBuffer());
            } finally {
                buffer.release();
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            handler.onWritable(context.channel().isWritable());
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            handler.onClosed();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof IOException) {
                LOG.debug("local connection lost: peer={}", peer, cause);
            } else {
                LOG.warn("local connection closed, its handler failed: peer={}", peer, cause);
            }
            context.close();
        }
    }

    private record Connection(LocalPeer peer, Channel channel, AtomicBoolean givenUp)
            implements LocalConnection {
        Connection(LocalPeer peer, Channel channel) {
            this(peer, channel, new AtomicBoolean());
        }

        @Override
        public void send(ByteBuffer bytes) {
            if (!channel.isActive() || givenUp.get()) {
                return;
            }
            if (!channel.isWritable() && channel.bytesBeforeWritable() > MAX_QUEUED) {
                givenUp.set(true);
                LOG.warn(
                        "local connection closed, it does not read what is sent to it: peer={} waiting={}",
                        peer,
                        channel.bytesBeforeWritable());
                channel.close();
                return;
            }
            ByteBuf copy = channel.alloc().directBuffer(bytes.remaining());
            copy.writeBytes(bytes);
            channel.writeAndFlush(copy, channel.voidPromise());
        }

        @Override
        public boolean writable() {
            return channel.isWritable();
        }

        @Override
        public void pauseReading() {
            channel.config().setAutoRead(false);
        }

        @Override
        public void resumeReading() {
            channel.config().setAutoRead(true);
        }

        @Override
        public void close() {
            channel.writeAndFlush(channel.alloc().buffer(0)).addListener(future -> channel.close());
        }

        @Override
        public void abort() {
            channel.close();
        }
    }
}
