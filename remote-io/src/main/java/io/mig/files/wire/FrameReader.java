package io.mig.files.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Reads a frame of a peer: nothing is believed that does not fit into it. One thread. */
public final class FrameReader {
    private static final byte[] DOT = {'.'};
    private static final byte[] DOT_DOT = {'.', '.'};

    private final ByteBuffer in;

    public FrameReader(ByteBuffer frame) throws BadFrameException {
        if (frame.remaining() > Limits.MAX_FRAME) {
            throw new BadFrameException("frame bytes=" + frame.remaining() + " too long");
        }
        in = frame.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    public int u8() throws BadFrameException {
        return Byte.toUnsignedInt(need(1).get());
    }

    public int u16() throws BadFrameException {
        return Short.toUnsignedInt(need(2).getShort());
    }

    public int u32() throws BadFrameException {
        return need(4).getInt();
    }

    /** A count: not negative. */
    public int count(int max) throws BadFrameException {
        int value = u32();
        if (value < 0 || value > max) {
            throw new BadFrameException("count=" + value + " above " + max);
        }
        return value;
    }

    public long u64() throws BadFrameException {
        return need(8).getLong();
    }

    public byte[] blob(int max) throws BadFrameException {
        int length = u16();
        if (length > max) {
            throw new BadFrameException("blob bytes=" + length + " above " + max);
        }
        byte[] bytes = new byte[length];
        need(length).get(bytes);
        return bytes;
    }

    /** A path or a symlink's target: not empty, no NUL. */
    public byte[] path(int max) throws BadFrameException {
        byte[] path = blob(max);
        for (byte b : path) {
            if (b == 0) {
                throw new BadFrameException("NUL in a path");
            }
        }
        return path;
    }

    /** The name of a directory entry: one component, and none that leads elsewhere. */
    public byte[] name() throws BadFrameException {
        byte[] name = path(255);
        if (name.length == 0 || Arrays.equals(name, DOT) || Arrays.equals(name, DOT_DOT)) {
            throw new BadFrameException("name is empty or dots");
        }
        for (byte b : name) {
            if (b == '/') {
                throw new BadFrameException("name with a slash");
            }
        }
        return name;
    }

    public NodeRef ref() throws BadFrameException {
        byte[] bytes = new byte[u8()];
        if (bytes.length <= NodeRef.SEAL_BYTES || bytes.length > NodeRef.MAX_BYTES) {
            throw new BadFrameException("reference bytes=" + bytes.length);
        }
        need(bytes.length).get(bytes);
        return NodeRef.of(bytes);
    }

    public Attr attr() throws BadFrameException {
        return Attr.from(need(Attr.BYTES));
    }

    /** A frame within this one. */
    public ByteBuffer frame() throws BadFrameException {
        int length = count(Limits.MAX_FRAME);
        ByteBuffer all = need(length);
        ByteBuffer frame = all.slice(all.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        all.position(all.position() + length);
        return frame;
    }

    /** Fills an array. */
    public void bytes(byte[] into) throws BadFrameException {
        need(into.length).get(into);
    }

    /** What is left. */
    public ByteBuffer rest() {
        ByteBuffer rest = in.slice();
        in.position(in.limit());
        return rest;
    }

    public int remaining() {
        return in.remaining();
    }

    private ByteBuffer need(int count) throws BadFrameException {
        if (in.remaining() < count) {
            throw new BadFrameException(
                    "frame ends early: needed=" + count + " left=" + in.remaining());
        }
        return in;
    }
}
