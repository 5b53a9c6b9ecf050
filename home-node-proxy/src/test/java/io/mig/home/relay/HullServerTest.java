package io.mig.home.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.transport.local.LocalConnection;
import io.mig.transport.local.LocalHandler;
import io.mig.transport.local.LocalPeer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HullServerTest {
    private final List<String> told = new ArrayList<>();
    private Optional<String> objection = Optional.empty();
    private final HullServer server =
            new HullServer(
                    List.of(
                            new HullListener() {
                                @Override
                                public Optional<String> objection(
                                        Hello hello, int peerPid, int peerUid) {
                                    return objection;
                                }

                                @Override
                                public void onDeputy(DeputyEndpoint deputy) {
                                    told.add("up " + deputy);
                                }

                                @Override
                                public void onCapsule(CapsuleEndpoint capsule) {
                                    told.add("up capsule");
                                }

                                @Override
                                public void onHop(Endpoint endpoint, FrameType type, String text) {
                                    told.add(type + " " + text);
                                }

                                @Override
                                public void onEndToEnd(Endpoint endpoint, Frame frame) {
                                    told.add("frame " + frame.sequence());
                                }

                                @Override
                                public void onGone(Endpoint endpoint) {
                                    told.add("gone " + endpoint.peerPid());
                                }
                            }));

    @Test
    void shouldKnowADeputyByItsHelloAndItsPid() {
        Client deputy = new Client(50, 1000);
        deputy.says(
                hello("role=deputy\npid=50"), Frame.text(FrameType.READY, 50, 0, ""), data(50, 1));
        assertThat(told).containsExactly("up deputy[link=50 pid=50]", "READY ", "frame 1");
        assertThat(server.deputy(50)).isPresent();
        deputy.handler.onClosed();
        assertThat(told).endsWith("gone 50");
        assertThat(server.deputy(50)).isEmpty();

        Client liar = new Client(51, 1000);
        liar.says(hello("role=deputy\npid=50"));
        assertThat(liar.closed).isTrue();
        assertThat(server.deputy(50)).isEmpty();
    }

    @Test
    void shouldReplaceAnEndpointThatComesAgain() {
        Client deputy = new Client(50, 1000);
        deputy.says(hello("role=deputy\npid=50"));
        Client keeper = new Client(60, 1000);
        keeper.says(hello("role=keeper\npid=50\nself=60"));
        assertThat(told)
                .containsExactly(
                        "up deputy[link=50 pid=50]", "gone 50", "up keeper[link=50 pid=60]");
        assertThat(deputy.closed).isTrue();
        deputy.handler.onClosed();
        assertThat(told).hasSize(3);
        assertThat(server.deputy(50)).isPresent();
    }

    @Test
    void shouldLetInCapsulesOfRootOnly() {
        String id = UUID.randomUUID().toString();
        Client user = new Client(70, 1000);
        user.says(hello("role=capsule\nid=" + id));
        assertThat(user.closed).isTrue();
        Client root = new Client(70, 0);
        root.says(hello("role=capsule\nid=" + id));
        assertThat(server.capsule(UUID.fromString(id))).isPresent();
        root.says(Frame.text(FrameType.EVENT, 0, 0, "event=empty"));
        assertThat(told).endsWith("EVENT event=empty");
    }

    @Test
    void shouldCloseConnectionsThatMakeNoSense() {
        List<ByteBuffer> nonsense =
                List.of(
                        ByteBuffer.wrap(
                                new byte[] {
                                    -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                    0, 0, 0, 0
                                }),
                        FrameCodec.encode(data(50, 1)),
                        FrameCodec.encode(hello("role=admiral\npid=50")),
                        FrameCodec.encode(
                                Frame.text(
                                        FrameType.HELLO, 0, 0, "version=2\nrole=deputy\npid=50\n")),
                        FrameCodec.encode(hello("role=deputy\npid=x")),
                        FrameCodec.encode(hello("role=deputy\npid=50 " + "x".repeat(5000))),
                        FrameCodec.encode(
                                List.of(
                                        hello("role=deputy\npid=50"),
                                        Frame.text(FrameType.EVENT, 0, 0, "no"))),
                        FrameCodec.encode(
                                List.of(
                                        hello("role=deputy\npid=50"),
                                        hello("role=deputy\npid=50"))),
                        FrameCodec.encode(
                                List.of(
                                        hello("role=deputy\npid=50"),
                                        Frame.text(FrameType.CONFIG, 0, 0, "no"))));
        for (ByteBuffer bytes : nonsense) {
            Client client = new Client(50, 1000);
            client.handler.onBytes(bytes);
            assertThat(client.closed).isTrue();
            client.handler.onClosed();
            assertThat(server.deputy(50)).isEmpty();
        }
    }

    @Test
    void shouldTurnAwayWhomAListenerObjectsTo() {
        objection = Optional.of("nobody here is away");
        Client client = new Client(50, 1000);
        client.says(hello("role=deputy\npid=50"));
        assertThat(client.closed).isTrue();
        assertThat(told).isEmpty();
    }

    @Test
    void shouldHaveRoomForFewThatDoNotSayWhoTheyAre() {
        List<Client> crowd = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            crowd.add(new Client(1000 + i, 1000));
        }
        assertThat(crowd.stream().filter(client -> client.closed).count()).isEqualTo(300 - 256);
        crowd.forEach(client -> client.handler.onClosed());
        assertThat(new Client(50, 1000).closed).isFalse();
    }

    private static Frame hello(String lines) {
        return Frame.text(FrameType.HELLO, 0, 0, "version=1\n" + lines + "\n");
    }

    private static Frame data(int link, long sequence) {
        return Frame.text(FrameType.DATA, link, sequence, "xx");
    }

    private final class Client implements LocalConnection {
        private final LocalPeer peer;
        private final LocalHandler handler;
        private boolean closed;

        Client(int pid, int uid) {
            peer = new LocalPeer(pid, uid, uid);
            handler = server.accept(peer);
            handler.onOpen(this);
        }

        void says(Frame... frames) {
            handler.onBytes(FrameCodec.encode(List.of(frames)));
        }

        @Override
        public LocalPeer peer() {
            return peer;
        }

        @Override
        public void send(ByteBuffer bytes) {}

        @Override
        public boolean writable() {
            return true;
        }

        @Override
        public void pauseReading() {}

        @Override
        public void resumeReading() {}

        @Override
        public void close() {
            closed = true;
        }

        @Override
        public void abort() {
            closed = true;
        }
    }
}
