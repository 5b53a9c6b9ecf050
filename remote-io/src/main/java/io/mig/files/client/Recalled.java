package io.mig.files.client;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Requests of the kernel's that an earlier agent had sent to home. When the kernel asks again, home
 * is asked under the same number, so that nothing is done twice. Thread-safe.
 */
final class Recalled {
    /** FUSE_UNIQUE_RESEND of linux/fuse.h. */
    private static final long ASKED_AGAIN = 1L << 63;

    private final Map<Long, Remembered.Begun> begun = new ConcurrentHashMap<>();

    /** Their numbers at home. */
    Collection<Long> restore(Remembered remembered) {
        begun.putAll(remembered.begun());
        return remembered.begun().values().stream().map(Remembered.Begun::request).toList();
    }

    /** The kernel's number as it was when it asked first. */
    static long plain(long unique) {
        return unique & ~ASKED_AGAIN;
    }

    Remembered.@Nullable Begun find(long unique) {
        return unique < 0 && !begun.isEmpty() ? begun.get(plain(unique)) : null;
    }

    Remembered.@Nullable Begun take(long unique) {
        return unique < 0 && !begun.isEmpty() ? begun.remove(plain(unique)) : null;
    }

    /** Those that were not asked again; they are forgotten. */
    Map<Long, Remembered.Begun> rest() {
        Map<Long, Remembered.Begun> rest = Map.copyOf(begun);
        List.copyOf(rest.keySet()).forEach(begun::remove);
        return rest;
    }
}
