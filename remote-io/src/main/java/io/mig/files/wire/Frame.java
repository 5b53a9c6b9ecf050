package io.mig.files.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Writes a frame; grows up to {@link Limits#MAX_FRAME}. One thread. */
public final class Frame {
    private byte[] bytes;
    private ByteBuffer buffer;

    public Frame(int expected) {
        bytes = new byte[Math.max(expected, 64)];
        buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    public Frame u8(int value) {
        room(1).put((byte) value);
        return this;
    }

    public Frame u16(int value) {
        room(2).putShort((short) value);
        return this;
    }

    public Frame u32(int value) {
        room(4).putInt(value);
        return this;
    }

    public Frame u64(long value) {
        room(8).putLong(value);
        return this;
    }

    /** At most 65535 bytes, with their length. */
    public Frame blob(byte[] value) {
        if (value.length > 0xffff) {
            throw new IllegalArgumentException("blob bytes=" + value.length);
        }
        room(2 + value.length).putShort((short) value.length).put(value);
        return this;
    }

    public Frame ref(NodeRef ref) {
        room(1 + ref.length()).put((byte) ref.length());
        ref.putTo(buffer);
        return this;
    }

    public Frame attr(Attr attr) {
        attr.putTo(room(Attr.BYTES));
        return this;
    }

    /** A frame within this one. */
    public Frame frame(ByteBuffer value) {
        return u32(value.remaining()).rest(value);
    }

    /** The rest of the frame. */
    public Frame rest(ByteBuffer value) {
        room(value.remaining()).put(value);
        return this;
    }

    /** Room for so many bytes that the caller puts into the array itself; gives their offset. */
    public int reserve(int count) {
        int at = room(count).position();
        buffer.position(at + count);
        return at;
    }

    /** The array behind it; another one after it grew. */
    public byte[] array() {
        return bytes;
    }

    public int position() {
        return buffer.position();
    }

    /** Forgets what was written from there on. */
    public void cutAt(int position) {
        buffer.position(position);
    }

    public void setU32(int position, int value) {
        buffer.putInt(position, value);
    }

    public void setU64(int position, long value) {
        buffer.putLong(position, value);
    }

    /** What was written; the frame is over. */
    public ByteBuffer finish() {
        return ByteBuffer.wrap(bytes, 0, buffer.position()).order(ByteOrder.LITTLE_ENDIAN);
    }

    private ByteBuffer room(int count) {
        if (buffer.remaining() < count) {
            int needed = Math.addExact(buffer.position(), count);
            if (needed > Limits.MAX_FRAME) {
                throw new IllegalStateException("frame bytes=" + needed + " too long");
            }
            int position = buffer.position();
            bytes =
                    Arrays.copyOf(
                            bytes, Math.max(needed, Math.min(2 * bytes.length, Limits.MAX_FRAME)));
            buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(position);
        }
        return buffer;
    }
}
