package io.mig.home;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.mig.home.relay.Frame;
import io.mig.home.relay.FrameCodec;
import io.mig.home.relay.FrameException;
import io.mig.home.relay.FrameType;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * The other end of one link, on a real hull socket: does what the protocol asks of a capsule, and
 * the test plays the body. Keeps its link over connections. Locked by itself; one reading thread
 * per connection.
 */
final class FakeCapsule implements AutoCloseable {
    final UUID id = UUID.randomUUID();

    /** Sequenced frames from the deputy. */
    final BlockingQueue<Frame> received = new LinkedBlockingQueue<>();

    /** Texts of SIGNAL commands. */
    final BlockingQueue<String> commands = new LinkedBlockingQueue<>();

    private final Path socket;
    private final int link;
    private final Deque<Frame> unacknowledged = new ArrayDeque<>();
    private long sent;
    private long expected = 1;
    private boolean up;
    private @Nullable SocketChannel channel;

    FakeCapsule(Path socket, int link) {
        this.socket = socket;
        this.link = link;
    }

    synchronized void connect() throws IOException {
        SocketChannel opened = SocketChannel.open(StandardProtocolFamily.UNIX);
        opened.connect(UnixDomainSocketAddress.of(socket));
        channel = opened;
        write(Frame.text(FrameType.HELLO, 0, 0, "version=1\nrole=capsule\nid=" + id + "\n"));
        Thread.ofVirtual().start(() -> read(opened));
    }

    private void read(SocketChannel from) {
        FrameCodec.Decoder decoder = new FrameCodec.Decoder();
        ByteBuffer buffer = ByteBuffer.allocate(65536);
        try {
            while (from.read(buffer.clear()) >= 0) {
                decoder.accept(buffer.flip(), this::accept);
            }
        } catch (IOException | FrameException e) {
            // the connection was closed by the test or by a dying agent
        }
    }

    private synchronized void accept(Frame frame) {
        switch (FrameType.of(frame.type()).orElseThrow()) {
            case LINK_UP -> {
                up = true;
                write(number(FrameType.RESYNC, expected));
            }
            case LINK_DOWN -> up = false;
            case ACK -> acknowledged(value(frame));
            case RESYNC -> {
                acknowledged(value(frame) - 1);
                unacknowledged.forEach(this::write);
            }
            case SIGNAL -> {
                commands.add(frame.text().strip());
                write(
                        new Frame(
                                frame.type() | FrameType.REPLY,
                                0,
                                frame.sequence(),
                                ByteBuffer.wrap("ok\n".getBytes(UTF_8))));
            }
            default -> {
                if (frame.sequence() == expected) {
                    expected++;
                    received.add(frame);
                }
                write(number(FrameType.ACK, expected - 1));
            }
        }
    }

    synchronized void post(FrameType type, ByteBuffer payload) {
        sent++;
        Frame frame = new Frame(type.code(), link, sent, payload);
        unacknowledged.add(frame);
        if (up) {
            write(frame);
        }
    }

    /** The body has ended. */
    void exit(int waitStatus) {
        post(FrameType.EXIT, littleEndian(5).putInt(waitStatus).put((byte) 0).flip());
    }

    void stopped(int signal) {
        post(FrameType.STOPPED, littleEndian(4).putInt(signal).flip());
    }

    synchronized void event(String text) {
        write(Frame.text(FrameType.EVENT, 0, 0, text));
    }

    private void acknowledged(long upTo) {
        unacknowledged.removeIf(frame -> frame.sequence() <= upTo);
    }

    private void write(Frame frame) {
        SocketChannel open = channel;
        if (open == null) {
            return;
        }
        ByteBuffer bytes = FrameCodec.encode(frame);
        try {
            while (bytes.hasRemaining()) {
                open.write(bytes);
            }
        } catch (IOException e) {
            up = false;
        }
    }

    private Frame number(FrameType type, long value) {
        return new Frame(type.code(), link, 0, littleEndian(8).putLong(value).flip());
    }

    private static long value(Frame frame) {
        return frame.payload().order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() throws IOException {
        disconnect();
    }

    /** Loses its connection, as when its agent ends. */
    synchronized void disconnect() throws IOException {
        up = false;
        SocketChannel open = channel;
        channel = null;
        if (open != null) {
            open.close();
        }
    }
}
