package io.mig.transport.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
final class LocalServerTest {
    @TempDir Path directory;

    private final List<Client> clients = new CopyOnWriteArrayList<>();
    private Path path;
    private LocalServer server;

    /** The server's side of one connection. */
    private static final class Client implements LocalHandler {
        private final LocalPeer peer;
        private final AtomicReference<@Nullable LocalConnection> connection =
                new AtomicReference<>();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final List<Boolean> writable = new CopyOnWriteArrayList<>();
        private volatile boolean closed;

        Client(LocalPeer peer) {
            this.peer = peer;
        }

        @Override
        public void onOpen(LocalConnection opened) {
            connection.set(opened);
        }

        @Override
        public void onBytes(ByteBuffer buffer) {
            byte[] copy = new byte[buffer.remaining()];
            buffer.get(copy);
            synchronized (bytes) {
                bytes.writeBytes(copy);
            }
            if (new String(copy, StandardCharsets.US_ASCII).startsWith("fail")) {
                throw new IllegalStateException("as the test wanted");
            }
        }

        int received() {
            synchronized (bytes) {
                return bytes.size();
            }
        }

        LocalConnection connection() {
            LocalConnection opened = connection.get();
            if (opened == null) {
                throw new IllegalStateException("not open yet");
            }
            return opened;
        }

        @Override
        public void onWritable(boolean now) {
            writable.add(now);
        }

        @Override
        public void onClosed() {
            closed = true;
        }
    }

    @BeforeEach
    void start() throws IOException {
        path = directory.resolve("run/test.sock");
        server = newServer();
        server.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private LocalServer newServer() {
        return new LocalServer(
                path,
                0620,
                peer -> {
                    Client client = new Client(peer);
                    clients.add(client);
                    return client;
                });
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(path));
        int before = clients.size();
        await().until(
                        () ->
                                clients.size() >= Math.max(1, before)
                                        && clients.getLast().connection.get() != null);
        return channel;
    }

    @Test
    void shouldKnowTheClientByItsCredentials() throws IOException {
        try (SocketChannel channel = connect()) {
            assertThat(channel.isOpen()).isTrue();
            assertThat(clients.getFirst().peer.pid())
                    .isEqualTo((int) ProcessHandle.current().pid());
            assertThat(clients.getFirst().peer.uid())
                    .isEqualTo((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        }
        await().until(() -> clients.getFirst().closed);
    }

    @Test
    void shouldHaveItsModeBitsWhenItAppears() throws IOException {
        assertThat(Files.getPosixFilePermissions(path))
                .isEqualTo(PosixFilePermissions.fromString("rw--w----"));
        assertThat(directory.resolve("run/test.sock.new")).doesNotExist();
    }

    @Test
    void shouldReplaceTheSocketFileWhenItsServerIsGone() throws IOException {
        server.close();
        assertThat(path).exists();

        server = newServer();
        server.start();

        try (SocketChannel channel = connect()) {
            assertThat(channel.isConnected()).isTrue();
        }
    }

    @Test
    void shouldSendEverythingQueuedWhenItCloses() throws IOException {
        try (SocketChannel channel = connect()) {
            byte[] text = new byte[3 << 20];
            clients.getFirst().connection().send(ByteBuffer.wrap(text));
            clients.getFirst().connection().close();

            ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
            int total = 0;
            for (int count = channel.read(buffer);
                    count >= 0;
                    count = channel.read(buffer.clear())) {
                total += count;
            }
            assertThat(total).isEqualTo(text.length);
        }
    }

    @Test
    void shouldMakeTheClientWaitWhenReadingIsPaused() throws Exception {
        try (SocketChannel channel = connect()) {
            Client client = clients.getFirst();
            client.connection().pauseReading();
            int size = 4 << 20;
            Thread writer =
                    Thread.ofVirtual()
                            .start(
                                    () -> {
                                        ByteBuffer bytes = ByteBuffer.allocate(size);
                                        try {
                                            while (bytes.hasRemaining()) {
                                                channel.write(bytes);
                                            }
                                        } catch (IOException e) {
                                            throw new IllegalStateException(e);
                                        }
                                    });
            assertThat(writer.join(Duration.ofMillis(300))).isFalse();
            assertThat(client.received()).isLessThan(size);

            client.connection().resumeReading();

            assertThat(writer.join(Duration.ofSeconds(10))).isTrue();
            await().until(() -> client.received() == size);
        }
    }

    @Test
    void shouldTellWhenTheClientTakesNothingAndGiveItUpInTheEnd() throws IOException {
        try (SocketChannel channel = connect()) {
            Client client = clients.getFirst();
            ByteBuffer piece = ByteBuffer.allocate(4 << 20);
            for (int i = 0; i < 40 && !client.closed; i++) {
                client.connection().send(piece.clear());
            }
            await().until(() -> client.closed);
            assertThat(client.writable).startsWith(false);
            assertThat(channel.isOpen()).isTrue();
        }
    }

    @Test
    void shouldCloseOnlyThatConnectionWhenItsHandlerFails() throws IOException {
        try (SocketChannel bad = connect();
                SocketChannel good = connect()) {
            await().until(() -> clients.size() == 2);
            bad.write(ByteBuffer.wrap("fail".getBytes(StandardCharsets.US_ASCII)));
            assertThat(bad.read(ByteBuffer.allocate(1))).isEqualTo(-1);

            good.write(ByteBuffer.wrap("good".getBytes(StandardCharsets.US_ASCII)));
            await().until(() -> clients.get(1).received() == 4);
            assertThat(clients.get(1).closed).isFalse();
        }
    }
}
