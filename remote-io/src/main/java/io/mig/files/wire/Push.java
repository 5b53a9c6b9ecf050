package io.mig.files.wire;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** What a home tells a host to believe no longer. Inodes are named by identities, unsealed. */
public sealed interface Push {
    /** All it ever learned. */
    record Everything() implements Push {}

    /**
     * An inode's attributes, and its contents if {@code contents}.
     *
     * @param identity of a {@link NodeRef}
     */
    record Inode(ByteBuffer identity, boolean contents) implements Push {}

    /** What a name in a directory leads to, and that directory's attributes and listing. */
    record Entry(ByteBuffer directory, ByteBuffer name) implements Push {}

    default void putTo(Frame frame) {
        switch (this) {
            case Everything() -> frame.u8(1);
            case Inode(var identity, var contents) ->
                    frame.u8(2).blob(array(identity)).u8(contents ? 1 : 0);
            case Entry(var directory, var name) ->
                    frame.u8(3).blob(array(directory)).blob(array(name));
        }
    }

    static Push from(FrameReader in) throws BadFrameException {
        int kind = in.u8();
        return switch (kind) {
            case 1 -> new Everything();
            case 2 -> new Inode(ByteBuffer.wrap(in.blob(NodeRef.MAX_BYTES)), in.u8() != 0);
            case 3 ->
                    new Entry(
                            ByteBuffer.wrap(in.blob(NodeRef.MAX_BYTES)),
                            ByteBuffer.wrap(in.blob(255)));
            default -> throw new BadFrameException("unknown push kind=" + kind);
        };
    }

    private static byte[] array(ByteBuffer bytes) {
        return Arrays.copyOfRange(
                bytes.array(),
                bytes.arrayOffset() + bytes.position(),
                bytes.arrayOffset() + bytes.limit());
    }
}
