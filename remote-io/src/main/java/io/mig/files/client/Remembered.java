package io.mig.files.client;

import io.mig.files.wire.Lock;
import io.mig.files.wire.NodeRef;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The state of a mount as its log tells it, see {@link TreeMemory}. One owner. */
final class Remembered {
    /** An inode that the kernel knows. */
    static final class KnownNode {
        final NodeRef ref;
        long lookups;
        @Nullable String place;

        KnownNode(NodeRef ref, long lookups) {
            this.ref = ref;
            this.lookups = lookups;
        }
    }

    /** An open file. */
    @SuppressWarnings("ArrayRecordComponent")
    record KnownHandle(
            long node, int flags, byte[] grant, Callers.Caller opener, List<Lock> locks) {
        void lock(Lock lock) {
            LockSet set = new LockSet();
            locks.forEach(set::apply);
            set.apply(lock);
            locks.clear();
            locks.addAll(set.held());
        }
    }

    /** A request that was sent to home and not answered to the kernel, as far as is known. */
    record Begun(long request, long handle) {}

    private final Map<Long, KnownNode> nodes = new HashMap<>();
    private final Map<Long, KnownHandle> handles = new HashMap<>();
    private final Map<Long, Long> directories = new HashMap<>();
    private final Map<Long, Begun> begun = new HashMap<>();
    private long session;
    private int minor;
    private long flags;
    private long lastHandle;
    private long lastNode;
    private long requestsBelow;

    private Remembered() {}

    /**
     * @throws IOException when there is no such log
     */
    static Remembered read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer log =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
                            .order(ByteOrder.nativeOrder());
            Remembered remembered = new Remembered();
            if (log.remaining() < 4 || log.getInt() != TreeMemory.MAGIC) {
                throw new IOException("no memory of a mount: file=" + file);
            }
            remembered.replay(log);
            return remembered;
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new IOException("broken memory of a mount: file=" + file, e);
        }
    }

    private void replay(ByteBuffer log) {
        while (log.remaining() >= TreeMemory.HEADER) {
            int start = log.position();
            int length = Short.toUnsignedInt(log.getShort());
            if (length == 0) {
                return;
            }
            if (length < TreeMemory.HEADER || length > log.limit() - start) {
                throw new IllegalArgumentException("record length=" + length);
            }
            int kind = log.get();
            record(kind, log.slice(log.position(), length - TreeMemory.HEADER).order(log.order()));
            log.position(start + length);
        }
    }

    private void record(int kind, ByteBuffer r) {
        switch (kind) {
            case TreeMemory.SESSION -> session = r.getLong();
            case TreeMemory.INIT -> {
                minor = r.getInt();
                flags = r.getLong();
            }
            case TreeMemory.NODE -> {
                long id = r.getLong();
                long lookups = r.getLong();
                nodes.put(id, new KnownNode(NodeRef.of(bytes(r, r.getShort())), lookups));
                lastNode = Math.max(lastNode, id);
            }
            case TreeMemory.LOOKUP -> {
                KnownNode node = nodes.get(r.getLong());
                if (node != null) {
                    node.lookups++;
                }
            }
            case TreeMemory.FORGET -> {
                long id = r.getLong();
                KnownNode node = nodes.get(id);
                if (node != null && id != NodeTable.ROOT) {
                    node.lookups -= r.getLong();
                    if (node.lookups <= 0) {
                        nodes.remove(id);
                    }
                }
            }
            case TreeMemory.PLACE -> {
                KnownNode node = nodes.get(r.getLong());
                if (node != null) {
                    node.place = new String(bytes(r, r.getShort()), StandardCharsets.UTF_8);
                }
            }
            case TreeMemory.OPEN -> {
                long number = r.getLong();
                long node = r.getLong();
                int openFlags = r.getInt();
                Callers.Caller opener = new Callers.Caller(r.getInt(), r.getInt());
                handles.put(
                        number,
                        new KnownHandle(
                                node, openFlags, bytes(r, r.get()), opener, new ArrayList<>(0)));
                lastHandle = Math.max(lastHandle, number);
            }
            case TreeMemory.CLOSE -> handles.remove(r.getLong());
            case TreeMemory.DIRECTORY -> {
                long number = r.getLong();
                directories.put(number, r.getLong());
                lastHandle = Math.max(lastHandle, number);
            }
            case TreeMemory.CLOSE_DIRECTORY -> directories.remove(r.getLong());
            case TreeMemory.LOCK -> {
                KnownHandle handle = handles.get(r.getLong());
                if (handle != null) {
                    handle.lock(
                            new Lock(
                                    r.getLong(),
                                    r.getLong(),
                                    r.getLong(),
                                    r.getInt(),
                                    r.getInt(),
                                    r.get() != 0,
                                    false));
                }
            }
            case TreeMemory.UNLOCK_ALL -> {
                KnownHandle handle = handles.get(r.getLong());
                if (handle != null) {
                    long owner = r.getLong();
                    handle.locks().removeIf(l -> l.owner() == owner && !l.whole());
                }
            }
            case TreeMemory.BEGUN -> {
                long unique = r.getLong();
                Begun request = new Begun(r.getLong(), r.getLong());
                begun.put(unique, request);
                lastHandle = Math.max(lastHandle, request.handle());
            }
            case TreeMemory.ENDED -> begun.remove(r.getLong());
            case TreeMemory.REQUESTS -> requestsBelow = r.getLong();
            default -> throw new IllegalArgumentException("record kind=" + kind);
        }
    }

    private static byte[] bytes(ByteBuffer r, int length) {
        byte[] bytes = new byte[length];
        r.get(bytes);
        return bytes;
    }

    /** How long a log of nothing but this is, at most. */
    long bytes() {
        long sum = 256;
        for (KnownNode node : nodes.values()) {
            sum += 40 + NodeRef.MAX_BYTES;
            sum += node.place == null ? 0 : TreeMemory.MAX_RECORD;
        }
        for (KnownHandle handle : handles.values()) {
            sum += 64 + 64L * handle.locks().size();
        }
        return sum + 32L * directories.size() + 32L * begun.size();
    }

    /** Writes a log of nothing but this. */
    void writeTo(MappedByteBuffer log) {
        TreeMemory.put(log, TreeMemory.SESSION, r -> r.putLong(session));
        TreeMemory.put(log, TreeMemory.INIT, r -> r.putInt(minor).putLong(flags));
        TreeMemory.put(log, TreeMemory.REQUESTS, r -> r.putLong(requestsBelow));
        // so that numbers given out are not given again
        TreeMemory.put(log, TreeMemory.DIRECTORY, r -> r.putLong(lastHandle).putLong(0));
        TreeMemory.put(log, TreeMemory.CLOSE_DIRECTORY, r -> r.putLong(lastHandle));
        nodes.forEach(
                (id, node) -> {
                    TreeMemory.put(
                            log,
                            TreeMemory.NODE,
                            r -> TreeMemory.putNode(r, id, node.lookups, node.ref));
                    String place = node.place;
                    if (place != null) {
                        byte[] path = place.getBytes(StandardCharsets.UTF_8);
                        TreeMemory.put(
                                log, TreeMemory.PLACE, r -> TreeMemory.putPlace(r, id, path));
                    }
                });
        handles.forEach(
                (number, handle) -> {
                    TreeMemory.put(
                            log,
                            TreeMemory.OPEN,
                            r ->
                                    TreeMemory.putOpen(
                                            r,
                                            number,
                                            handle.node(),
                                            handle.flags(),
                                            handle.grant(),
                                            handle.opener()));
                    handle.locks()
                            .forEach(
                                    lock ->
                                            TreeMemory.put(
                                                    log,
                                                    TreeMemory.LOCK,
                                                    r -> TreeMemory.putLock(r, number, lock)));
                });
        // an open directory may have the last number, which was closed above: it comes again here
        directories.forEach(
                (number, node) ->
                        TreeMemory.put(
                                log, TreeMemory.DIRECTORY, r -> r.putLong(number).putLong(node)));
        begun.forEach(
                (unique, request) ->
                        TreeMemory.put(
                                log,
                                TreeMemory.BEGUN,
                                r ->
                                        r.putLong(unique)
                                                .putLong(request.request())
                                                .putLong(request.handle())));
    }

    Map<Long, KnownNode> nodes() {
        return nodes;
    }

    Map<Long, KnownHandle> handles() {
        return handles;
    }

    Map<Long, Long> directories() {
        return directories;
    }

    Map<Long, Begun> begun() {
        return begun;
    }

    long session() {
        return session;
    }

    int minor() {
        return minor;
    }

    long flags() {
        return flags;
    }

    long lastHandle() {
        return lastHandle;
    }

    long lastNode() {
        return lastNode;
    }

    long requestsBelow() {
        return requestsBelow;
    }
}
