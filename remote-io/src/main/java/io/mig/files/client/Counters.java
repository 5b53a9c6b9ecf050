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
 * Who did how much through home. Keeps the callers and guests of late, at most {@link #MAX} of
 * each. Thread-safe.
 */
final class Counters {
    private static final int MAX = 4096;

    /** After that a number may be another process's. */
    private static final long SURE_NANOS = 10_000_000_000L;

    private record Key(int pid, int uid) {}

    private static final class Sums {
        private long operations;
        private long read;
        private long written;
        private String guest = "";
        private long sureUntil;

        void bytes(long bytesRead, long bytesWritten) {
            read += bytesRead;
            written += bytesWritten;
        }

        TreeStats.Io io() {
            return new TreeStats.Io(operations, read, written);
        }
    }

    /** The eldest go. */
    private static final class Late<K> extends LinkedHashMap<K, Sums> {
        private static final long serialVersionUID = 1;

        Late() {
            super(64, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, Sums> eldest) {
            return size() > MAX;
        }
    }

    private final Callers callers;
    private final Map<Key, Sums> byCaller = new Late<>();
    private final Map<String, Sums> byGuest = new Late<>();
    private final Map<Opcode, Long> byKind = new EnumMap<>(Opcode.class);
    private long operations;
    private long read;
    private long written;

    Counters(Callers callers) {
        this.callers = callers;
    }

    synchronized void operation(Opcode kind, int pid, int uid) {
        byKind.merge(kind, 1L, Long::sum);
        Sums sums = sums(pid, uid);
        sums.operations++;
        guest(sums).operations++;
        operations++;
    }

    private Sums sums(int pid, int uid) {
        Sums sums = byCaller.computeIfAbsent(new Key(pid, uid), k -> new Sums());
        long now = System.nanoTime();
        if (sums.sureUntil == 0 || now - sums.sureUntil > 0) {
            // a process that is gone already was still the same guest's, so far as anybody knows
            String guest = pid == 0 ? "" : callers.guest(pid);
            sums.guest = guest.isEmpty() ? sums.guest : guest;
            sums.sureUntil = now + SURE_NANOS;
        }
        return sums;
    }

    private Sums guest(Sums caller) {
        return byGuest.computeIfAbsent(caller.guest, k -> new Sums());
    }

    synchronized void bytes(int pid, int uid, long bytesRead, long bytesWritten) {
        Sums sums = sums(pid, uid);
        sums.bytes(bytesRead, bytesWritten);
        guest(sums).bytes(bytesRead, bytesWritten);
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
                (key, sums) -> all.add(new TreeStats.CallerIo(key.pid(), key.uid(), sums.io())));
        all.sort(Comparator.comparingInt(TreeStats.CallerIo::pid));
        return all;
    }

    synchronized TreeStats.Io guest(String name) {
        Sums sums = byGuest.get(name);
        return sums == null ? new TreeStats.Io(0, 0, 0) : sums.io();
    }
}
