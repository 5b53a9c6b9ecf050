package io.mig.agent.balance;

import io.mig.model.HomePid;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Programs that were begun elsewhere and had ended before that was worth it: the same file begins
 * at home for the next {@value #REMEMBERED_MILLIS} ms. What ends is only noticed when the next one
 * asks, which is enough for scripts that start the same again and again. One owner thread.
 */
final class BriefOnes {
    /** Less than this is lost by beginning elsewhere. */
    static final long BRIEF_MILLIS = 500;

    static final long REMEMBERED_MILLIS = 60_000;
    private static final int MOST = 256;

    private final Map<HomePid, Begun> begun = new HashMap<>();
    private final Map<Path, Long> brief =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Path, Long> eldest) {
                    return size() > MOST;
                }
            };

    private record Begun(Path file, long atMillis) {}

    /** One has begun elsewhere. */
    void begun(HomePid process, Path file, long nowMillis) {
        if (begun.size() < MOST) {
            begun.put(process, new Begun(file, nowMillis));
        }
    }

    /**
     * Why this one begins at home; empty: nothing is known against it.
     *
     * @param lives whether a process is still there
     */
    Optional<String> why(Path file, Predicate<HomePid> lives, long nowMillis) {
        for (Iterator<Map.Entry<HomePid, Begun>> it = begun.entrySet().iterator(); it.hasNext(); ) {
            Map.Entry<HomePid, Begun> e = it.next();
            boolean young = nowMillis - e.getValue().atMillis < BRIEF_MILLIS;
            if (!young || !lives.test(e.getKey())) {
                it.remove();
                if (young) {
                    brief.put(e.getValue().file, nowMillis);
                }
            }
        }
        Long since = brief.get(file);
        return since != null && nowMillis - since < REMEMBERED_MILLIS
                ? Optional.of("it had ended at once when it last began elsewhere")
                : Optional.empty();
    }
}
