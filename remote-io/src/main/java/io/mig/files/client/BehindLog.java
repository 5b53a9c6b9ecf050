package io.mig.files.client;

import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What guests were told is done and home has not done yet, in the order in which it is to be done:
 * a ring in a mapped file on tmpfs, so that it outlives the agent. A record counts once its length
 * is there, so being killed at any point leaves whole records. One thread at a time.
 */
final class BehindLog {
    /** Requests of four megabytes of data. */
    private static final int BYTES = (4 << 20) + (256 << 10);

    private static final int MAGIC = 0x6265686e;
    private static final int FIRST_AT = 4;
    private static final int DATA = 64;

    /** Length of the frame, numbers of inode and open file. */
    private static final int HEADER = 24;

    private static final int END = 0;
    private static final int GO_ON_AT_THE_BEGINNING = -1;

    /** A request in the log. */
    record Entry(int at, int length, long node, long handle) {
        private int next() {
            return at + space(length);
        }
    }

    private final ByteBuffer ring;
    private int first = DATA;
    private int next = DATA;
    private int entries;

    private BehindLog(ByteBuffer ring) {
        this.ring = ring.order(ByteOrder.nativeOrder());
    }

    /** One that ends with this agent. */
    static BehindLog inMemory() {
        return new BehindLog(ByteBuffer.allocateDirect(BYTES));
    }

    static BehindLog begin(Path file) throws IOException {
        BehindLog log = new BehindLog(MappedFile.begin(file, BYTES));
        log.ring.putInt(FIRST_AT, DATA);
        log.ring.putInt(0, MAGIC);
        return log;
    }

    /**
     * That of an earlier agent.
     *
     * @param left gets what home was not seen to have done, in order
     */
    static BehindLog goOn(Path file, List<Entry> left) throws IOException {
        BehindLog log = new BehindLog(MappedFile.goOn(file, BYTES));
        if (log.ring.getInt(0) != MAGIC) {
            throw new IOException("no log of writes: file=" + file);
        }
        left.addAll(log.recover(file));
        return log;
    }

    private List<Entry> recover(Path file) throws IOException {
        List<Entry> found = new ArrayList<>();
        int at = ring.getInt(FIRST_AT);
        first = at;
        for (int turns = 0; turns < 2; ) {
            int length = at >= DATA && at <= BYTES - 8 ? ring.getInt(at) : Integer.MAX_VALUE;
            if (length == GO_ON_AT_THE_BEGINNING) {
                at = DATA;
                turns++;
            } else if (length == END) {
                next = at;
                entries = found.size();
                return found;
            } else if (length < 0 || length > BYTES - at - HEADER) {
                break;
            } else {
                Entry entry = new Entry(at, length, ring.getLong(at + 8), ring.getLong(at + 16));
                found.add(entry);
                at = entry.next();
            }
        }
        throw new IOException("broken log of writes: file=" + file);
    }

    private static int space(int length) {
        return (HEADER + length + 7) & ~7;
    }

    /**
     * Adds a request that is made of two parts.
     *
     * @return null when there is no room
     */
    @Nullable Entry add(long node, long handle, ByteBuffer head, ByteBuffer data) {
        int length = head.remaining() + data.remaining();
        int at = room(space(length));
        if (at < 0) {
            return null;
        }
        Entry entry = new Entry(at, length, node, handle);
        ring.putInt(entry.next(), END);
        ring.putLong(at + 8, node).putLong(at + 16, handle);
        ring.put(at + HEADER, head, head.position(), head.remaining());
        ring.put(at + HEADER + head.remaining(), data, data.position(), data.remaining());
        VarHandle.releaseFence();
        ring.putInt(at, length);
        if (at != next) {
            VarHandle.releaseFence();
            ring.putInt(next, GO_ON_AT_THE_BEGINNING);
        }
        next = entry.next();
        entries++;
        return entry;
    }

    /** Where so much fits, with room for the mark behind it; -1: nowhere. */
    private int room(int space) {
        if (entries == 0 || first < next) {
            if (BYTES - next >= space + 8) {
                return next;
            }
            return first - DATA > space + 8 ? DATA : -1;
        }
        return first - next > space + 8 ? next : -1;
    }

    /** The request itself, as it is there. */
    ByteBuffer frame(Entry entry) {
        return ring.slice(entry.at() + HEADER, entry.length()).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The first one is done. */
    void done(Entry entry) {
        if (entry.at() != first) {
            throw new IllegalStateException("done at=" + entry.at() + " first=" + first);
        }
        entries--;
        if (entries == 0) {
            // an empty ring is read from its beginning
            ring.putInt(DATA, END);
            VarHandle.releaseFence();
            ring.putInt(FIRST_AT, DATA);
            first = DATA;
            next = DATA;
            return;
        }
        int follows = entry.next();
        first = ring.getInt(follows) == GO_ON_AT_THE_BEGINNING ? DATA : follows;
        ring.putInt(FIRST_AT, first);
    }
}
