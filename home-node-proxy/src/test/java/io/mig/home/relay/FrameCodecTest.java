package io.mig.home.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class FrameCodecTest {

    @Test
    void shouldKeepTheWireFormat() {
        Frame frame =
                new Frame(
                        FrameType.DATA.code(),
                        0x01020304,
                        7,
                        ByteBuffer.wrap(new byte[] {1, 0, 'x'}));

        ByteBuffer bytes = FrameCodec.encode(frame);

        byte[] raw = new byte[bytes.remaining()];
        bytes.get(raw);
        assertThat(HexFormat.of().formatHex(raw))
                .isEqualTo(
                        "03000000"
                                + "4600"
                                + "0000"
                                + "04030201"
                                + "00000000"
                                + "0700000000000000"
                                + "010078");
    }

    @Test
    void shouldPutFramesTogetherWhenTheyArriveInRandomPieces() throws FrameException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            List<Frame> sent = new ArrayList<>();
            for (int i = random.nextInt(8); i >= 0; i--) {
                byte[] payload =
                        new byte[random.nextBoolean() ? random.nextInt(40) : random.nextInt(65600)];
                random.nextBytes(payload);
                sent.add(
                        new Frame(
                                1 + random.nextInt(100),
                                random.nextInt(1 << 22),
                                random.nextLong(),
                                ByteBuffer.wrap(payload)));
            }
            ByteBuffer wire = FrameCodec.encode(sent);

            FrameCodec.Decoder decoder = new FrameCodec.Decoder();
            List<Frame> received = new ArrayList<>();
            while (wire.hasRemaining()) {
                int piece =
                        Math.min(
                                wire.remaining(),
                                1 + random.nextInt(random.nextBoolean() ? 5 : 50_000));
                decoder.accept(wire.slice(wire.position(), piece), received::add);
                wire.position(wire.position() + piece);
            }

            assertThat(received).as("seed=" + seed).isEqualTo(sent);
            assertThat(decoder.atFrameBoundary()).isTrue();
        }
    }

    @Test
    void shouldRefuseALengthAboveTheLimitBeforeTakingMemory() {
        ByteBuffer header = header(Frame.MAX_PAYLOAD_BYTES + 1, FrameType.DATA.code(), 0, 5);
        assertThatThrownBy(() -> new FrameCodec.Decoder().accept(header, frame -> {}))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("length=65601");
        ByteBuffer negative = header(-1, FrameType.DATA.code(), 0, 5);
        assertThatThrownBy(() -> new FrameCodec.Decoder().accept(negative, frame -> {}))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("4294967295");
    }

    @Test
    void shouldRefuseReservedFieldsAndNumbersOutOfBounds() {
        assertThatThrownBy(() -> new FrameCodec.Decoder().accept(header(0, 1, 1, 5), frame -> {}))
                .isInstanceOf(FrameException.class);
        assertThatThrownBy(() -> new FrameCodec.Decoder().accept(header(0, 0, 0, 5), frame -> {}))
                .isInstanceOf(FrameException.class);
        assertThatThrownBy(() -> new FrameCodec.Decoder().accept(header(0, 1, 0, -5), frame -> {}))
                .isInstanceOf(FrameException.class);
    }

    @Test
    void shouldRefuseABatchThatEndsInsideAFrame() {
        ByteBuffer wire = FrameCodec.encode(Frame.text(FrameType.HELLO, 0, 0, "version=1\n"));
        wire.limit(wire.limit() - 1);
        assertThatThrownBy(() -> FrameCodec.decodeAll(wire)).isInstanceOf(FrameException.class);
    }

    @Test
    void shouldNeverThrowAnythingElseWhenFedGarbage() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            byte[] garbage = new byte[random.nextInt(300)];
            random.nextBytes(garbage);
            try {
                new FrameCodec.Decoder().accept(ByteBuffer.wrap(garbage), frame -> {});
            } catch (FrameException expected) {
                assertThat(expected).hasMessageContaining("frame");
            } catch (RuntimeException e) {
                throw new AssertionError("seed=" + seed + " round=" + round, e);
            }
        }
    }

    private static ByteBuffer header(int length, int type, int zero, int link) {
        return ByteBuffer.allocate(Frame.HEADER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(length)
                .putShort((short) type)
                .putShort((short) zero)
                .putInt(link)
                .putInt(0)
                .putLong(1)
                .flip();
    }
}
