package io.mig.files.client;

import io.mig.files.wire.Attr;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.FrameReader;
import io.mig.files.wire.NodeRef;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An open directory: the entries that home sent last, more than the kernel takes at once. Guarded
 * by itself.
 */
final class DirectoryHandle {
    /** One entry; reference and attributes if home had them ready. */
    @SuppressWarnings("ArrayRecordComponent")
    record Entry(
            long ino,
            long next,
            int type,
            byte[] name,
            @Nullable NodeRef ref,
            @Nullable Attr attr) {}

    /** What home sent from a position on. */
    record Batch(long position, boolean plus, boolean end, long askedAt, List<Entry> entries) {
        static Batch from(FrameReader in, long position, boolean plus, long askedAt)
                throws BadFrameException {
            boolean end = in.u8() != 0;
            List<Entry> entries = new ArrayList<>();
            while (in.remaining() > 0) {
                long ino = in.u64();
                long next = in.u64();
                int type = in.u8();
                byte[] name = in.blob(255);
                boolean known = in.u8() != 0;
                entries.add(
                        new Entry(
                                ino,
                                next,
                                type,
                                name,
                                known ? in.ref() : null,
                                known ? in.attr() : null));
            }
            return new Batch(position, plus, end, askedAt, entries);
        }
    }

    private final Node node;
    private @Nullable Batch batch;

    DirectoryHandle(Node node) {
        this.node = node;
    }

    Node node() {
        return node;
    }

    synchronized void keep(Batch next) {
        batch = next;
    }

    /** The last batch with those entries only that come from a position on; null to ask home. */
    synchronized @Nullable Batch from(long position, boolean plus, long nowTick) {
        Batch last = batch;
        if (last == null || position == 0 || last.plus() != plus) {
            return null;
        }
        if (plus && node.invalidatedAt() > last.askedAt() && nowTick > 0) {
            return null;
        }
        List<Entry> entries = last.entries();
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).next() == position) {
                boolean atEnd = i + 1 == entries.size();
                if (atEnd && !last.end()) {
                    return null;
                }
                return new Batch(
                        position,
                        plus,
                        last.end(),
                        last.askedAt(),
                        entries.subList(i + 1, entries.size()));
            }
        }
        return null;
    }
}
