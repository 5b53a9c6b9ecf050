package io.mig.transport.netty;

import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.model.PeerErrorException;
import io.mig.model.PeerLostException;
import io.mig.transport.PeerAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Opens the connection of a bulk stream, on the thread of whoever wants to send, within one time
 * limit.
 */
final class BulkConnector {
    private final NettyPeerNetwork network;
    private final TlsContexts tls;
    private final ByteBufAllocator allocator;

    BulkConnector(NettyPeerNetwork network, TlsContexts tls, ByteBufAllocator allocator) {
        this.network = network;
        this.tls = tls;
        this.allocator = allocator;
    }

    BulkOut open(PeerLink peer, PeerAddress address, String stream) {
        Duration limit = network.config().greeting();
        TlsPipe pipe = null;
        try {
            SocketChannel channel = connect(address, limit);
            TlsPipe opened = new TlsPipe(channel, tls.client().newEngine(allocator), allocator);
            pipe = opened;
            CompletableFuture<Void> timer =
                    CompletableFuture.runAsync(
                            opened::interrupt,
                            CompletableFuture.delayedExecutor(
                                    limit.toMillis(), TimeUnit.MILLISECONDS, Runnable::run));
            introduce(opened, peer.peer(), stream);
            timer.cancel(false);
            BulkOut sender = new BulkOut(peer, stream, opened);
            sender.start();
            return sender;
        } catch (PeerErrorException e) {
            closeIfOpen(pipe);
            throw e;
        } catch (IOException | RuntimeException e) {
            closeIfOpen(pipe);
            throw PeerLostException.notSent(
                    peer.peer(),
                    "cannot open stream="
                            + stream
                            + " address="
                            + address.host()
                            + ":"
                            + address.port()
                            + " reason="
                            + Causes.text(e));
        }
    }

    private static void closeIfOpen(@org.jspecify.annotations.Nullable TlsPipe pipe) {
        if (pipe != null) {
            pipe.close();
        }
    }

    private static SocketChannel connect(PeerAddress address, Duration limit) throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.socket()
                    .connect(
                            new InetSocketAddress(address.host(), address.port()),
                            (int) limit.toMillis());
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private void introduce(TlsPipe pipe, NodeId peer, String stream) throws IOException {
        pipe.handshake();
        NodeId there = network.certified(PeerCertificate.uri(pipe.session()));
        if (!there.equals(peer)) {
            throw new ProtocolException("another node answers there: node=" + there);
        }
        pipe.write(BulkOut.frame(Wire.HELLO, Wire.hello(network.facts(), stream).toByteArray()));
        ByteBuf answer = pipe.readFrame(Wire.HEADER + Wire.MAX_HELLO);
        byte kind = answer.readByte();
        answer.skipBytes(Long.BYTES);
        int type = answer.readUnsignedShort();
        if (kind == Wire.ERROR) {
            throw new PeerErrorException(
                    peer,
                    ErrorCode.of(type),
                    "node="
                            + peer
                            + " refused stream="
                            + stream
                            + ": "
                            + Causes.brief(answer.toString(StandardCharsets.UTF_8)));
        }
        if (kind != Wire.HELLO) {
            throw new ProtocolException("expected a hello, got frame kind=" + kind);
        }
        network.verify(peer, Wire.parseHello(answer));
    }
}
