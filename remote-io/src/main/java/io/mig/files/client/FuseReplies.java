package io.mig.files.client;

import io.mig.files.fuse.FuseConnection;
import io.mig.files.fuse.FuseOut;
import io.mig.files.wire.Attr;
import java.nio.ByteBuffer;

/** Puts replies together as the kernel wants them: the structures of {@code linux/fuse.h}. */
final class FuseReplies {
    static final int ENTRY_BYTES = 128;
    static final int ATTR_BYTES = 104;
    static final int OPEN_BYTES = 16;

    private FuseReplies() {}

    /**
     * fuse_entry_out.
     *
     * @param node 0: there is none, and that may be kept
     */
    static void entry(ByteBuffer out, long node, Attr attr, int entryMillis, int attrMillis) {
        out.putLong(node).putLong(0);
        out.putLong(entryMillis / 1000).putLong(attrMillis / 1000);
        out.putInt(nanos(entryMillis)).putInt(nanos(attrMillis));
        attr(out, attr);
    }

    static void noEntry(ByteBuffer out, int entryMillis) {
        out.putLong(0).putLong(0);
        out.putLong(entryMillis / 1000).putLong(0).putInt(nanos(entryMillis)).putInt(0);
        for (int i = 0; i < 11; i++) {
            out.putLong(0);
        }
    }

    /** fuse_attr_out. */
    static void attrOut(ByteBuffer out, Attr attr, int millis) {
        out.putLong(millis / 1000).putInt(nanos(millis)).putInt(0);
        attr(out, attr);
    }

    static void open(ByteBuffer out, long handle, int flags) {
        out.putLong(handle).putInt(flags).putInt(0);
    }

    private static void attr(ByteBuffer out, Attr a) {
        out.putLong(a.ino()).putLong(a.size()).putLong(a.blocks());
        out.putLong(a.atime()).putLong(a.mtime()).putLong(a.ctime());
        out.putInt(a.atimeNanos()).putInt(a.mtimeNanos()).putInt(a.ctimeNanos());
        out.putInt(a.mode()).putInt(a.nlink()).putInt(a.uid()).putInt(a.gid());
        out.putInt(a.rdev()).putInt(a.blockSize()).putInt(0);
    }

    private static int nanos(int millis) {
        return millis % 1000 * 1_000_000;
    }

    /** Sends bytes as they are. */
    static void data(FuseConnection fuse, long unique, ByteBuffer data) {
        FuseOut out = fuse.out(data.remaining());
        out.body().put(data);
        fuse.send(unique, out);
    }
}
