package io.mig.home.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.mig.home.relay.RelayMessage.Content;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.transport.PeerMessage;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RelayCodecTest {
    private static final HomePid PROCESS = HomePid.parse("node1:1234@567890");
    private static final Epoch EPOCH = new Epoch(3);

    @Test
    void shouldReadWhatItWrote() throws FrameException {
        List<RelayMessage> messages =
                List.of(
                        new RelayMessage.Frames(
                                PROCESS,
                                EPOCH,
                                FrameCodec.encode(Frame.text(FrameType.DATA, 1234, 9, "xyz"))),
                        new RelayMessage.Up(PROCESS, EPOCH, List.of(1234, 1240)),
                        new RelayMessage.Notice(
                                PROCESS, EPOCH, 77, 5, 6, new Content.Signal(1234, 9)),
                        new RelayMessage.Notice(
                                PROCESS, EPOCH, 77, 5, 7, new Content.Event("event=empty\n")),
                        new RelayMessage.NoticeAck(PROCESS, EPOCH, 77, 6));
        for (RelayMessage message : messages) {
            PeerMessage encoded = RelayCodec.encode(message);
            assertThat(RelayRouter.isRelayMessage(encoded)).isTrue();
            assertThat(RelayCodec.decode(encoded)).isEqualTo(message);
        }
    }

    @Test
    void shouldKeepTheWireFormat() {
        PeerMessage ack = RelayCodec.encode(new RelayMessage.NoticeAck(PROCESS, EPOCH, 77, 6));
        assertThat(ack.type()).isEqualTo(203);
        assertThat(HexFormat.of().formatHex(ack.body().toByteArray()))
                .isEqualTo(
                        "01"
                                + "0011"
                                + "6e6f6465313a3132333440353637383930"
                                + "0000000000000003"
                                + "000000000000004d"
                                + "0000000000000006");
    }

    @Test
    void shouldRefuseWhatIsOutOfBounds() {
        ByteString good =
                RelayCodec.encode(new RelayMessage.NoticeAck(PROCESS, EPOCH, 1, 1)).body();
        assertRefused(new PeerMessage(203, good.substring(0, good.size() - 1)));
        assertRefused(new PeerMessage(203, good.concat(ByteString.copyFromUtf8("x"))));
        assertRefused(new PeerMessage(219, good));
        assertRefused(new PeerMessage(203, ByteString.copyFrom(new byte[] {2, 0, 0})));
        ByteBuffer large = ByteBuffer.allocate(RelayMessage.MAX_FRAMES_BYTES + 1);
        assertRefused(RelayCodec.encode(new RelayMessage.Frames(PROCESS, EPOCH, large)));
    }

    @Test
    void shouldNeverThrowAnythingElseWhenFedGarbage() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 5000; i++) {
            byte[] bytes = new byte[random.nextInt(80)];
            random.nextBytes(bytes);
            if (bytes.length > 3 && random.nextBoolean()) {
                bytes[0] = 1;
                bytes[1] = 0;
                bytes[2] = (byte) random.nextInt(20);
            }
            try {
                RelayCodec.decode(
                        new PeerMessage(200 + random.nextInt(20), ByteString.copyFrom(bytes)));
            } catch (FrameException expected) {
                assertThat(expected).hasMessageContaining("relay");
            } catch (RuntimeException e) {
                throw new AssertionError("seed=" + seed, e);
            }
        }
    }

    private static void assertRefused(PeerMessage message) {
        assertThatThrownBy(() -> RelayCodec.decode(message)).isInstanceOf(FrameException.class);
    }
}
