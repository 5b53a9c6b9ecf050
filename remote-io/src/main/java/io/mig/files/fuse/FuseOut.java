package io.mig.files.fuse;

import io.mig.files.sys.Native;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A reply being written: behind room for the header, native byte order. */
public final class FuseOut {
    static final int HEADER = 16;

    private final Native sys;
    private final ByteBuffer buffer;
    private final boolean large;

    FuseOut(int capacity, boolean large) {
        this.sys = Native.collected(HEADER + capacity);
        this.buffer = sys.scratch().asByteBuffer().order(ByteOrder.nativeOrder());
        this.large = large;
        clear();
    }

    /** Where to put the body. */
    public ByteBuffer body() {
        return buffer;
    }

    Native sys() {
        return sys;
    }

    boolean large() {
        return large;
    }

    void clear() {
        buffer.clear().position(HEADER);
    }

    int length() {
        return buffer.position();
    }

    void header(int error, long unique) {
        buffer.putInt(0, length()).putInt(4, error).putLong(8, unique);
    }
}
