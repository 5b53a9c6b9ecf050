package io.mig.files.wire;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * How a home names one of its inodes: an identity that lasts as long as the inode, and a seal
 * without which home does not take it back. Hosts compare identities and pass the whole on.
 */
public final class NodeRef {
    public static final int SEAL_BYTES = 12;
    public static final int MAX_BYTES = 180;

    private final byte[] bytes;
    private final int hash;

    private NodeRef(byte[] bytes) {
        this.bytes = bytes;
        int h = 1;
        for (int i = 0; i < bytes.length - SEAL_BYTES; i++) {
            h = 31 * h + bytes[i];
        }
        this.hash = h;
    }

    /**
     * @throws IllegalArgumentException when the length is not that of a reference
     */
    public static NodeRef of(byte[] bytes) {
        if (bytes.length <= SEAL_BYTES || bytes.length > MAX_BYTES) {
            throw new IllegalArgumentException("reference bytes=" + bytes.length);
        }
        return new NodeRef(bytes);
    }

    int length() {
        return bytes.length;
    }

    void putTo(ByteBuffer buffer) {
        buffer.put(bytes);
    }

    /** Everything but the seal. */
    public byte[] identity() {
        return Arrays.copyOf(bytes, bytes.length - SEAL_BYTES);
    }

    public byte[] seal() {
        return Arrays.copyOfRange(bytes, bytes.length - SEAL_BYTES, bytes.length);
    }

    /** Whether both name the same inode; seals do not matter. */
    @Override
    public boolean equals(Object other) {
        return other instanceof NodeRef that
                && hash == that.hash
                && Arrays.equals(
                        bytes,
                        0,
                        bytes.length - SEAL_BYTES,
                        that.bytes,
                        0,
                        that.bytes.length - SEAL_BYTES);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
