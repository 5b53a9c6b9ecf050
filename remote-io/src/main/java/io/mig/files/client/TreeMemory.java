package io.mig.files.client;

import io.mig.files.wire.Lock;
import io.mig.files.wire.NodeRef;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.MappedByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel was told about a mount, written down so that the next agent can go on with it: a
 * log in a mapped file on tmpfs, written anew when it is full. A record counts once its length is
 * there, so being killed at any point leaves whole records. Thread-safe.
 *
 * <p>When the file cannot grow the mount works on, but will not outlive this agent.
 */
final class TreeMemory implements AutoCloseable {
    static final int MAGIC = 0x4d494754;

    static final int SESSION = 1;
    static final int INIT = 2;
    static final int NODE = 3;
    static final int LOOKUP = 4;
    static final int FORGET = 5;
    static final int PLACE = 6;
    static final int OPEN = 7;
    static final int CLOSE = 8;
    static final int DIRECTORY = 9;
    static final int CLOSE_DIRECTORY = 10;
    static final int LOCK = 11;
    static final int UNLOCK_ALL = 12;
    static final int BEGUN = 13;
    static final int ENDED = 14;
    static final int REQUESTS = 15;

    /** Length (16 bit) and kind (8 bit). */
    static final int HEADER = 3;

    static final int MAX_RECORD = 512;
    private static final int FIRST_BYTES = 256 << 10;
    private static final int MOST_BYTES = 1 << 30;

    private final @Nullable Path file;
    private @Nullable MappedByteBuffer log;
    private @Nullable String trouble;

    private TreeMemory(@Nullable Path file, @Nullable MappedByteBuffer log) {
        this.file = file;
        this.log = log;
    }

    /** Remembers nothing. */
    static TreeMemory none() {
        return new TreeMemory(null, null);
    }

    /** Begins anew. */
    static TreeMemory begin(Path file, long session) throws IOException {
        MappedByteBuffer fresh = map(file, FIRST_BYTES);
        TreeMemory memory = new TreeMemory(file, fresh);
        memory.write(SESSION, r -> r.putLong(session));
        return memory;
    }

    /** Goes on with what an earlier agent wrote. */
    static TreeMemory goOn(Path file, Remembered remembered) throws IOException {
        TreeMemory memory = new TreeMemory(file, null);
        memory.log = memory.compacted(remembered);
        return memory;
    }

    private static MappedByteBuffer map(Path file, int bytes) throws IOException {
        MappedByteBuffer buffer = MappedFile.begin(file, bytes);
        buffer.putInt(MAGIC);
        return buffer;
    }

    @FunctionalInterface
    interface Writer {
        void putTo(MappedByteBuffer buffer);
    }

    private synchronized void write(int kind, Writer writer) {
        MappedByteBuffer to = log;
        if (to == null) {
            return;
        }
        if (to.remaining() < MAX_RECORD) {
            to = larger();
            if (to == null) {
                return;
            }
        }
        put(to, kind, writer);
    }

    static void put(MappedByteBuffer to, int kind, Writer writer) {
        int start = to.position();
        to.position(start + HEADER);
        writer.putTo(to);
        to.put(start + 2, (byte) kind);
        VarHandle.releaseFence();
        to.putShort(start, (short) (to.position() - start));
    }

    private @Nullable MappedByteBuffer larger() {
        try {
            log = compacted(Remembered.read(java.util.Objects.requireNonNull(file)));
        } catch (IOException e) {
            log = null;
            trouble = "the mount will not outlive this agent: " + e.getMessage();
            try {
                Files.deleteIfExists(java.util.Objects.requireNonNull(file));
            } catch (IOException ignored) {
                trouble += "; file stays: " + file;
            }
        }
        return log;
    }

    private MappedByteBuffer compacted(Remembered remembered) throws IOException {
        long wanted = Math.max(FIRST_BYTES, 2 * remembered.bytes() + FIRST_BYTES);
        if (wanted > MOST_BYTES) {
            throw new IOException("too many inodes: bytes=" + wanted);
        }
        Path target = java.util.Objects.requireNonNull(file);
        Path fresh = target.resolveSibling(target.getFileName() + ".new");
        MappedByteBuffer buffer = map(fresh, (int) ((wanted + 0xffff) & ~0xffff));
        remembered.writeTo(buffer);
        Files.move(
                fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return buffer;
    }

    /** Why nothing is remembered any more, null as long as all is well. */
    synchronized @Nullable String trouble() {
        return trouble;
    }

    void init(int minor, long flags) {
        write(INIT, r -> r.putInt(minor).putLong(flags));
    }

    /** An inode that is mentioned for the first time. */
    void node(long id, NodeRef ref) {
        write(NODE, r -> putNode(r, id, 1, ref));
    }

    static void putNode(MappedByteBuffer r, long id, long lookups, NodeRef ref) {
        byte[] identity = ref.identity();
        r.putLong(id).putLong(lookups).putShort((short) (identity.length + NodeRef.SEAL_BYTES));
        r.put(identity).put(ref.seal());
    }

    void lookup(long id) {
        write(LOOKUP, r -> r.putLong(id));
    }

    void forget(long id, long count) {
        write(FORGET, r -> r.putLong(id).putLong(count));
    }

    void place(long id, String path) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= MAX_RECORD - 32) {
            write(PLACE, r -> putPlace(r, id, bytes));
        }
    }

    static void putPlace(MappedByteBuffer r, long id, byte[] path) {
        r.putLong(id).putShort((short) path.length).put(path);
    }

    void open(OpenHandle handle) {
        write(
                OPEN,
                r ->
                        putOpen(
                                r,
                                handle.number(),
                                handle.node().id(),
                                handle.flags(),
                                handle.grant(),
                                handle.opener()));
    }

    static void putOpen(
            MappedByteBuffer r,
            long number,
            long node,
            int flags,
            byte[] grant,
            Callers.Caller opener) {
        r.putLong(number).putLong(node).putInt(flags).putInt(opener.uid()).putInt(opener.gid());
        r.put((byte) grant.length).put(grant);
    }

    void close(long number) {
        write(CLOSE, r -> r.putLong(number));
    }

    void directory(long number, long node) {
        write(DIRECTORY, r -> r.putLong(number).putLong(node));
    }

    void closeDirectory(long number) {
        write(CLOSE_DIRECTORY, r -> r.putLong(number));
    }

    void lock(long number, Lock lock) {
        write(LOCK, r -> putLock(r, number, lock));
    }

    static void putLock(MappedByteBuffer r, long number, Lock lock) {
        r.putLong(number).putLong(lock.owner()).putLong(lock.start()).putLong(lock.end());
        r.putInt(lock.type()).putInt(lock.pid()).put((byte) (lock.whole() ? 1 : 0));
    }

    void unlockAll(long number, long owner) {
        write(UNLOCK_ALL, r -> r.putLong(number).putLong(owner));
    }

    /**
     * A request of the kernel's is about to be sent to home under a number that must be the same
     * when the kernel asks again.
     *
     * @param handle number that an open file gets by it, otherwise 0
     */
    void begun(long unique, long request, long handle) {
        write(BEGUN, r -> r.putLong(unique).putLong(request).putLong(handle));
    }

    void ended(long unique) {
        write(ENDED, r -> r.putLong(unique));
    }

    /** No request has a number as high as this yet. */
    void requests(long below) {
        write(REQUESTS, r -> r.putLong(below));
    }

    @Override
    public synchronized void close() {
        log = null;
    }

    /** There is nothing to go on with. */
    static void delete(Path file) throws IOException {
        Files.deleteIfExists(file);
        Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".new"));
    }
}
