package io.mig.transport.netty;

import io.mig.model.NodeId;
import io.mig.transport.PeerAddress;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Connects to one peer whenever there is no connection, for ever, with growing pauses. Its state
 * belongs to its event loop; names are resolved on virtual threads, because that blocks.
 */
final class Connector {
    private static final long FIRST_RETRY_MILLIS = 100;
    private static final long LAST_RETRY_MILLIS = 2000;

    private final PeerLink link;
    private final PeerAddress address;
    private final EventLoop loop;
    private final Bootstrap bootstrap;
    private volatile boolean closed;
    // owned by the loop
    private long pauseMillis = FIRST_RETRY_MILLIS;
    private boolean busy;

    /**
     * @param prototype has everything but event loop and handler
     */
    Connector(
            PeerLink link,
            PeerAddress address,
            EventLoop loop,
            Bootstrap prototype,
            NettyPeerNetwork network) {
        this.link = link;
        this.address = address;
        this.loop = loop;
        this.bootstrap = prototype.clone(loop).handler(network.connecting(this));
    }

    NodeId peer() {
        return link.peer();
    }

    void start() {
        onLoop(this::connect);
    }

    void close() {
        closed = true;
    }

    private void onLoop(Runnable task) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            // the event loops are being shut down
            closed = true;
        }
    }

    private void connect() {
        if (closed || busy || link.isUp()) {
            return;
        }
        busy = true;
        Thread.ofVirtual()
                .name("connect-" + peer())
                .start(
                        () -> {
                            try {
                                InetSocketAddress resolved =
                                        new InetSocketAddress(
                                                InetAddress.getByName(address.host()),
                                                address.port());
                                bootstrap
                                        .connect(resolved)
                                        .addListener(
                                                (ChannelFuture attempt) -> {
                                                    Throwable cause = attempt.cause();
                                                    if (cause != null) {
                                                        failed(Causes.text(cause));
                                                    }
                                                });
                            } catch (UnknownHostException e) {
                                failed("its host name is not known here");
                            } catch (IllegalStateException | RejectedExecutionException e) {
                                closed = true;
                            }
                        });
    }

    /** The peer is up. */
    void connected() {
        onLoop(() -> pauseMillis = FIRST_RETRY_MILLIS);
    }

    /** The attempt ended before the peer was up. Any thread. */
    void failed(String why) {
        link.unreachable(address.host() + ":" + address.port(), why);
        lost();
    }

    /** There is no connection any more. Any thread. */
    void lost() {
        onLoop(
                () -> {
                    busy = false;
                    if (!closed) {
                        // spread, so that a node that comes up is not met by all others in the same
                        // millisecond
                        long half = pauseMillis / 2;
                        long pause = half + ThreadLocalRandom.current().nextLong(half + 1);
                        pauseMillis = Math.min(LAST_RETRY_MILLIS, pauseMillis * 2);
                        loop.schedule(this::connect, pause, TimeUnit.MILLISECONDS);
                    }
                });
    }
}
