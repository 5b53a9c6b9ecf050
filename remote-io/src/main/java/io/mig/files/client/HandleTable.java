package io.mig.files.client;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The files and directories that guests have open. Thread-safe. */
final class HandleTable {
    private final AtomicLong numbers = new AtomicLong();
    private final Map<Long, OpenHandle> files = new ConcurrentHashMap<>();
    private final Map<Long, DirectoryHandle> directories = new ConcurrentHashMap<>();

    long next() {
        return numbers.incrementAndGet();
    }

    void add(OpenHandle handle) {
        files.put(handle.number(), handle);
    }

    @Nullable OpenHandle find(long number) {
        return files.get(number);
    }

    @Nullable OpenHandle remove(long number) {
        return files.remove(number);
    }

    /** A guest changes a file: contents that came with opening it are old now. */
    void contentsChange(Node node) {
        for (OpenHandle handle : files.values()) {
            if (handle.node() == node) {
                handle.noHead();
            }
        }
    }

    void add(long number, DirectoryHandle directory) {
        directories.put(number, directory);
    }

    @Nullable DirectoryHandle directory(long number) {
        return directories.get(number);
    }

    void removeDirectory(long number) {
        directories.remove(number);
    }

    List<OpenHandle> withLocks() {
        return files.values().stream().filter(OpenHandle::hasLocks).toList();
    }

    int size() {
        return files.size();
    }
}
