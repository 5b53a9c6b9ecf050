package io.mig.files.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.google.protobuf.UnsafeByteOperations;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Limits;
import io.mig.model.NodeId;
import io.mig.transport.LinkLoad;
import io.mig.transport.PeerMessage;
import io.mig.transport.memory.MemoryHub;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PackerTest {
    private static final NodeId HOST = new NodeId("host");
    private static final LinkLoad SLOW = new LinkLoad(1 << 20, 12e6);

    private static Packer on(LinkLoad load) {
        return new Packer(
                (io.mig.transport.PeerNetwork)
                        Proxy.newProxyInstance(
                                MemoryHub.class.getClassLoader(),
                                new Class<?>[] {io.mig.transport.PeerNetwork.class},
                                (_, method, _) -> {
                                    if (method.getName().equals("load")) {
                                        return load;
                                    }
                                    throw new UnsupportedOperationException(method.getName());
                                }));
    }

    private static ByteBuffer text(int bytes) {
        byte[] text = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            text[i] = (byte) "so much to say ".charAt(i % 15);
        }
        return ByteBuffer.wrap(text);
    }

    private static PeerMessage pack(Packer packer, ByteBuffer frame) {
        return packer.message(HOST, frame, FileMessages.REPLY, FileMessages.PACKED_REPLY);
    }

    @Test
    void shouldGiveTheSameBackWhenLinkIsSlow() throws BadFrameException {
        PeerMessage packed = pack(on(SLOW), text(100_000));

        assertThat(packed.type()).isEqualTo(FileMessages.PACKED_REPLY);
        assertThat(packed.body().size()).isLessThan(10_000);
        assertThat(Packer.unpack(packed)).isEqualTo(text(100_000));
    }

    @Test
    void shouldSendAsItIsWhenLinkIsFastOrIdleOrFrameIsSmall() {
        Set<PeerMessage> plain =
                Set.of(
                        pack(on(LinkLoad.IDLE), text(100_000)),
                        pack(on(new LinkLoad(1 << 20, 500e6)), text(100_001)),
                        pack(on(new LinkLoad(1000, 12e6)), text(100_002)),
                        pack(on(SLOW), text(1000)));
        assertThat(plain).extracting(PeerMessage::type).containsOnly(FileMessages.REPLY);
    }

    @Test
    void shouldStopTryingForAWhileWhenNothingBecomesSmaller() {
        byte[] noise = new byte[100_000];
        new Random(1).nextBytes(noise);
        Packer packer = on(SLOW);
        assertThat(pack(packer, ByteBuffer.wrap(noise)).type()).isEqualTo(FileMessages.REPLY);
        int plain = 0;
        while (pack(packer, text(100_000)).type() == FileMessages.REPLY) {
            plain++;
        }
        assertThat(plain).isEqualTo(16);
    }

    @Test
    void shouldRefuseWhatIsTooLongOrNoFrame() {
        PeerMessage huge = packed(Zstd.compress(new byte[Limits.MAX_FRAME + 1]));
        assertThatThrownBy(() -> Packer.unpack(huge)).isInstanceOf(BadFrameException.class);
        assertThatThrownBy(() -> Packer.unpack(packed(new byte[] {1, 2, 3, 4, 5, 6, 7, 8})))
                .isInstanceOf(BadFrameException.class);
        byte[] broken = Zstd.compress(text(100_000).array());
        broken[broken.length / 2] ^= 0x55;
        broken[broken.length - 1] ^= 0x55;
        assertThatThrownBy(() -> Packer.unpack(packed(java.util.Arrays.copyOf(broken, 20))))
                .isInstanceOf(BadFrameException.class);
    }

    private static PeerMessage packed(byte[] body) {
        return new PeerMessage(FileMessages.PACKED_REPLY, UnsafeByteOperations.unsafeWrap(body));
    }
}
