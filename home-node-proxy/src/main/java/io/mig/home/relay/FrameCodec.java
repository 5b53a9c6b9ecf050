package io.mig.home.relay;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Bytes to frames and back. Header (24 bytes, little endian: both ends of a hull socket are on one
 * x86-64 or arm64 machine):
 *
 * <pre>
 *   u32 payload bytes | u16 type | u16 zero | u32 link | u32 zero | u64 sequence | payload
 * </pre>
 *
 * A {@link Decoder} belongs to one connection and one thread at a time.
 */
public final class FrameCodec {
    private FrameCodec() {}

    /** One frame as bytes, ready to be read. */
    public static ByteBuffer encode(Frame frame) {
        ByteBuffer out = ByteBuffer.allocate(frame.wireBytes()).order(ByteOrder.LITTLE_ENDIAN);
        put(frame, out);
        return out.flip();
    }

    /** Several frames as bytes, in order. */
    public static ByteBuffer encode(List<Frame> frames) {
        int bytes = 0;
        for (Frame frame : frames) {
            bytes = Math.addExact(bytes, frame.wireBytes());
        }
        ByteBuffer out = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (Frame frame : frames) {
            put(frame, out);
        }
        return out.flip();
    }

    /** All frames of a complete batch; a frame that is cut off at the end is an error. */
    public static List<Frame> decodeAll(ByteBuffer bytes) throws FrameException {
        Decoder decoder = new Decoder();
        List<Frame> frames = new ArrayList<>();
        decoder.accept(bytes, frames::add);
        if (!decoder.atFrameBoundary()) {
            throw new FrameException(
                    "batch ends in the middle of a frame, complete frames before it="
                            + frames.size());
        }
        return frames;
    }

    private static void put(Frame frame, ByteBuffer out) {
        ByteBuffer payload = frame.payload();
        out.putInt(payload.remaining())
                .putShort((short) frame.type())
                .putShort((short) 0)
                .putInt(frame.link())
                .putInt(0)
                .putLong(frame.sequence())
                .put(payload);
    }

    /** Puts frames together from whatever pieces arrive. Holds at most one frame. */
    public static final class Decoder {
        private final ByteBuffer header =
                ByteBuffer.allocate(Frame.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        private @Nullable ByteBuffer payload;

        /**
         * Takes all bytes of {@code in}; calls {@code out} for every frame they complete.
         *
         * @throws FrameException lengths, numbers or reserved fields out of bounds; the decoder
         *     must not be used afterwards
         */
        public void accept(ByteBuffer in, Consumer<Frame> out) throws FrameException {
            while (in.hasRemaining()) {
                ByteBuffer body = payload;
                if (body == null) {
                    transfer(in, header);
                    if (header.hasRemaining()) {
                        return;
                    }
                    body = ByteBuffer.allocate(checkedLength());
                    payload = body;
                }
                transfer(in, body);
                if (body.hasRemaining()) {
                    return;
                }
                out.accept(
                        new Frame(
                                Short.toUnsignedInt(header.getShort(4)),
                                header.getInt(8),
                                header.getLong(16),
                                body.flip()));
                header.clear();
                payload = null;
            }
        }

        /** Whether no part of a frame is waiting for its rest. */
        public boolean atFrameBoundary() {
            return header.position() == 0 && payload == null;
        }

        private int checkedLength() throws FrameException {
            int length = header.getInt(0);
            int type = Short.toUnsignedInt(header.getShort(4));
            int link = header.getInt(8);
            if (length < 0 || length > Frame.MAX_PAYLOAD_BYTES) {
                throw new FrameException(
                        "frame length="
                                + Integer.toUnsignedString(length)
                                + " above the limit="
                                + Frame.MAX_PAYLOAD_BYTES);
            }
            if (header.getShort(6) != 0 || header.getInt(12) != 0) {
                throw new FrameException(
                        "reserved header fields of a frame are not zero: type="
                                + type
                                + " link="
                                + link);
            }
            if (type == 0 || link < 0) {
                throw new FrameException(
                        "frame header out of bounds: type=" + type + " link=" + link);
            }
            return length;
        }

        private static void transfer(ByteBuffer from, ByteBuffer to) {
            int bytes = Math.min(from.remaining(), to.remaining());
            to.put(to.position(), from, from.position(), bytes);
            to.position(to.position() + bytes);
            from.position(from.position() + bytes);
        }
    }
}
