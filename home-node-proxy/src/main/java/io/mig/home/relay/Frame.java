package io.mig.home.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;

/**
 * One frame of the hull socket.
 *
 * @param type number as on the wire, see {@link FrameType}; end-to-end numbers unknown to this
 *     version are allowed
 * @param link home pid of the deputy it is about; 0 for hop frames of a capsule and for commands
 * @param sequence end-to-end sequence number, or request id of a command, or 0
 * @param payload read-only view from position to limit; never changed by anyone, so it may be
 *     shared between threads ({@link #payload()} gives an own position)
 */
public record Frame(int type, int link, long sequence, ByteBuffer payload) {

    /** Largest piece of stream data in one frame. */
    public static final int MAX_DATA_BYTES = 65536;

    /** Largest payload: data and what a frame may say about it. */
    public static final int MAX_PAYLOAD_BYTES = MAX_DATA_BYTES + 64;

    static final int HEADER_BYTES = 24;

    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0).asReadOnlyBuffer();

    public Frame {
        if (type <= 0 || type > 0xFFFF) {
            throw new IllegalArgumentException("frame type=" + type + " outside 1..65535");
        }
        if (payload.remaining() > MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException(
                    "frame payload bytes="
                            + payload.remaining()
                            + " type="
                            + FrameType.describe(type)
                            + " above the limit="
                            + MAX_PAYLOAD_BYTES);
        }
        payload = payload.asReadOnlyBuffer();
    }

    public static Frame of(FrameType type, int link) {
        return new Frame(type.code(), link, 0, EMPTY);
    }

    public static Frame text(FrameType type, int link, long sequence, String text) {
        return new Frame(type.code(), link, sequence, ByteBuffer.wrap(text.getBytes(UTF_8)));
    }

    @Override
    public ByteBuffer payload() {
        return payload.duplicate();
    }

    /** Bytes of this frame on the wire. */
    public int wireBytes() {
        return HEADER_BYTES + payload.remaining();
    }

    public boolean isEndToEnd() {
        return FrameType.isEndToEnd(type);
    }

    /** The payload as text (UTF-8; what is not becomes a replacement character). */
    public String text() {
        return UTF_8.decode(payload()).toString();
    }

    @Override
    public String toString() {
        return FrameType.describe(type)
                + "[link="
                + link
                + " sequence="
                + sequence
                + " bytes="
                + payload.remaining()
                + "]";
    }
}
