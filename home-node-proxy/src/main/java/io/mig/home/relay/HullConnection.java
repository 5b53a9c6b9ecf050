package io.mig.home.relay;

import io.mig.transport.local.LocalConnection;
import io.mig.transport.local.LocalHandler;
import io.mig.transport.local.LocalPeer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of the hull socket: nobody -> endpoint -> closed. Owned by the connection's event
 * loop; only {@code endpoint} is read by the timer that throws out whoever does not introduce
 * himself.
 */
final class HullConnection implements LocalHandler {
    private static final Logger LOG = LoggerFactory.getLogger(HullConnection.class);
    private static final int HELLO_SECONDS = 5;

    private final HullServer server;
    private final LocalPeer peer;
    private final FrameCodec.Decoder decoder = new FrameCodec.Decoder();
    private @Nullable LocalConnection connection;
    private @Nullable LocalChannel channel;
    private volatile @Nullable Endpoint endpoint;
    private boolean nobody;
    private boolean broken;

    HullConnection(HullServer server, LocalPeer peer) {
        this.server = server;
        this.peer = peer;
    }

    @Override
    public void onOpen(LocalConnection opened) {
        connection = opened;
        channel = new LocalChannel(opened);
        nobody = server.nobodyEnters();
        if (!nobody) {
            LOG.warn(
                    "hull connection of pid={} uid={} turned away: too many that have not said who they are",
                    peer.pid(),
                    peer.uid());
            reject();
            return;
        }
        CompletableFuture.delayedExecutor(HELLO_SECONDS, TimeUnit.SECONDS)
                .execute(
                        () -> {
                            if (endpoint == null) {
                                opened.abort();
                            }
                        });
    }

    @Override
    public void onBytes(ByteBuffer bytes) {
        if (broken) {
            return;
        }
        List<Frame> frames = new ArrayList<>();
        try {
            decoder.accept(bytes, frames::add);
        } catch (FrameException e) {
            handle(frames, e);
            return;
        }
        handle(frames, null);
    }

    /** Handles the frames that are whole, then gives up the connection if there is a reason to. */
    private void handle(List<Frame> frames, @Nullable FrameException trouble) {
        try {
            for (Frame frame : frames) {
                accept(frame);
            }
            if (trouble != null) {
                throw trouble;
            }
        } catch (FrameException e) {
            LOG.warn(
                    "hull connection closed: pid={} uid={} endpoint={}: {}",
                    peer.pid(),
                    peer.uid(),
                    endpoint,
                    e.getMessage());
            reject();
        }
    }

    private void accept(Frame frame) throws FrameException {
        Endpoint known = endpoint;
        LocalChannel out = channel;
        if (known != null) {
            server.dispatch(known, frame);
            return;
        }
        if (frame.type() != FrameType.HELLO.code()
                || frame.wireBytes() > HullServer.MAX_HELLO_BYTES
                || out == null) {
            throw new FrameException("a connection begins with a short HELLO, not with " + frame);
        }
        endpoint = server.register(Hello.parse(frame.text()), peer, out);
        leaveNobodies();
    }

    @Override
    public void onWritable(boolean writable) {
        LocalChannel out = channel;
        if (writable && out != null) {
            out.writable();
        }
    }

    @Override
    public void onClosed() {
        leaveNobodies();
        Endpoint known = endpoint;
        if (known != null) {
            server.gone(known);
        }
    }

    private void reject() {
        broken = true;
        LocalConnection open = connection;
        if (open != null) {
            open.abort();
        }
    }

    private void leaveNobodies() {
        if (nobody) {
            nobody = false;
            server.nobodyLeaves();
        }
    }
}
