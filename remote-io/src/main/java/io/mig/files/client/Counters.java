package io.mig.files.client;

import io.mig.files.fuse.Opcode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Who did how much through home. Keeps the busiest callers of late, at most {@link #MAX}.
 * Thread-safe.
 */
final class Counters {
    private static final int MAX = 4096;

    private record Key(int pid, int uid) {}

    private static final class Sums {
        private long operations;
        private long read;
        private long written;
    }

    private final Map<Key, Sums> byCaller =
            new LinkedHashMap<>(64, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Key, Sums> eldest) {
                    return size() > MAX;
                }
            };
    private final Map<Opcode, Long> byKind = new EnumMap<>(Opcode.class);
    private long operations;
    private long read;
    private long written;

    synchronized void operation(Opcode kind, int pid, int uid) {
        byKind.merge(kind, 1L, Long::sum);
        sums(pid, uid).operations++;
        operations++;
    }

    private Sums sums(int pid, int uid) {
        return byCaller.computeIfAbsent(new Key(pid, uid), k -> new Sums());
    }

    synchronized void bytes(int pid, int uid, long bytesRead, long bytesWritten) {
        Sums sums = sums(pid, uid);
        sums.read += bytesRead;
        sums.written += bytesWritten;
        read += bytesRead;
        written += bytesWritten;
    }

    synchronized TreeStats.Io total() {
        return new TreeStats.Io(operations, read, written);
    }

    synchronized Map<String, Long> byKind() {
        Map<String, Long> named = new TreeMap<>();
        byKind.forEach((kind, count) -> named.put(kind.name().toLowerCase(Locale.ROOT), count));
        return named;
    }

    synchronized List<TreeStats.CallerIo> callers() {
        List<TreeStats.CallerIo> all = new ArrayList<>(byCaller.size());
        byCaller.forEach(
                (key, sums) ->
                        all.add(
                                new TreeStats.CallerIo(
                                        key.pid(),
                                        key.uid(),
                                        new TreeStats.Io(
                                                sums.operations, sums.read, sums.written))));
        all.sort(Comparator.comparingInt(TreeStats.CallerIo::pid));
        return all;
    }
}
