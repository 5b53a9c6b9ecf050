package io.mig.home;

import io.mig.home.relay.Frame;
import io.mig.home.relay.FrameCodec;
import io.mig.home.relay.FrameType;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Somebody who has no business on the hull socket. */
final class HullClient {
    private HullClient() {}

    /** Whether the agent closes the connection without a word. */
    static boolean helloIsRefused(Path socket, String hello) throws IOException {
        return bytesAreRefused(socket, FrameCodec.encode(Frame.text(FrameType.HELLO, 0, 0, hello)));
    }

    static boolean bytesAreRefused(Path socket, ByteBuffer bytes) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(bytes);
            return channel.read(ByteBuffer.allocate(10)) < 0;
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).contains("reset")) {
                return true;
            }
            throw e;
        }
    }
}
