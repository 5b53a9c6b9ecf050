package io.mig.files.client;

import io.mig.files.sys.Linux;
import io.mig.files.wire.Lock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The files and directories that guests have open. Thread-safe. */
final class HandleTable {
    private final TreeMemory memory;
    private final AtomicLong numbers = new AtomicLong();
    private final Map<Long, OpenHandle> files = new ConcurrentHashMap<>();
    private final Map<Long, DirectoryHandle> directories = new ConcurrentHashMap<>();

    HandleTable(TreeMemory memory) {
        this.memory = memory;
    }

    /**
     * What an earlier agent told the kernel.
     *
     * @param begin asks home to open what it was not asked for by then
     */
    void restore(Remembered remembered, NodeTable nodes, Consumer<OpenHandle> begin) {
        numbers.set(remembered.lastHandle());
        remembered
                .handles()
                .forEach(
                        (number, known) -> {
                            Node node = nodes.find(known.node());
                            if (node == null) {
                                return;
                            }
                            OpenHandle handle =
                                    known.grant().length == 0
                                            ? OpenHandle.lazy(
                                                    number,
                                                    node,
                                                    known.flags(),
                                                    known.opener(),
                                                    begin)
                                            : new OpenHandle(
                                                    number,
                                                    node,
                                                    known.flags(),
                                                    known.grant(),
                                                    known.opener());
                            for (Lock lock : known.locks()) {
                                handle.locked(lock);
                                if (!lock.whole()) {
                                    node.locked(lock.owner());
                                }
                            }
                            files.put(number, handle);
                        });
        remembered
                .directories()
                .forEach(
                        (number, id) -> {
                            Node node = nodes.find(id);
                            if (node != null) {
                                directories.put(number, new DirectoryHandle(node));
                            }
                        });
    }

    /** A lock was got or given up. */
    void locked(OpenHandle handle, Lock lock) {
        memory.lock(handle.number(), lock);
        handle.locked(lock);
    }

    /** All locks of ranges that an owner had are gone. */
    void unlockedAll(OpenHandle handle, long owner) {
        memory.unlockAll(handle.number(), owner);
        handle.unlockedAll(owner);
    }

    long next() {
        return numbers.incrementAndGet();
    }

    void add(OpenHandle handle) {
        memory.open(handle);
        files.put(handle.number(), handle);
    }

    /** Home has opened one that the kernel was told of before. */
    void granted(OpenHandle handle) {
        if (files.get(handle.number()) == handle) {
            memory.open(handle);
        }
    }

    @Nullable OpenHandle find(long number) {
        return files.get(number);
    }

    @Nullable OpenHandle remove(long number) {
        memory.close(number);
        return files.remove(number);
    }

    void add(long number, DirectoryHandle directory) {
        memory.directory(number, directory.node().id());
        directories.put(number, directory);
    }

    @Nullable DirectoryHandle directory(long number) {
        return directories.get(number);
    }

    void removeDirectory(long number) {
        memory.closeDirectory(number);
        directories.remove(number);
    }

    List<OpenHandle> withLocks() {
        return files.values().stream().filter(OpenHandle::hasLocks).toList();
    }

    /** Locks that were taken by some processes. */
    List<HeldLock> heldBy(Set<Integer> pids) {
        return held().stream().filter(lock -> pids.contains(lock.pid())).toList();
    }

    /** All locks that guests have. */
    List<HeldLock> held() {
        List<HeldLock> held = new ArrayList<>();
        for (OpenHandle handle : files.values()) {
            for (Lock lock : handle.locks()) {
                held.add(
                        new HeldLock(
                                lock.pid(),
                                handle.node().ino(),
                                lock.whole(),
                                lock.type() == Linux.F_WRLCK));
            }
        }
        return held;
    }

    int size() {
        return files.size();
    }
}
