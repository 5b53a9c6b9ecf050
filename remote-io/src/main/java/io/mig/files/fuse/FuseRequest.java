package io.mig.files.fuse;

import java.nio.ByteBuffer;

/**
 * A request of the kernel. The body is gone when the handler returns; the rest may be kept.
 *
 * @param unique by which it is answered
 * @param node the inode it is about
 * @param pid the thread that asks, as seen by whoever mounted; 0 for the kernel itself
 * @param body after the header, native byte order
 */
public record FuseRequest(
        Opcode opcode, long unique, long node, int uid, int gid, int pid, ByteBuffer body) {

    /** The bytes up to the next NUL, which is skipped. */
    public byte[] string() {
        int end = body.position();
        while (end < body.limit() && body.get(end) != 0) {
            end++;
        }
        byte[] text = new byte[end - body.position()];
        body.get(text);
        if (body.hasRemaining()) {
            body.get();
        }
        return text;
    }
}
