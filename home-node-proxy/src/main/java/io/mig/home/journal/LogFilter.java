package io.mig.home.journal;

import io.mig.model.HomePid;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which part of the history is wanted.
 *
 * @param process only about this process
 * @param pid only about processes with this home pid (whatever their start time)
 * @param since nothing older
 * @param limit at most so many of the newest entries, 1..10000
 */
public record LogFilter(
        Optional<HomePid> process, OptionalInt pid, Optional<Instant> since, int limit) {

    private static final int MAX_LIMIT = 10_000;

    public LogFilter {
        if (limit < 1 || limit > MAX_LIMIT) {
            throw new IllegalArgumentException("log limit=" + limit + " outside 1.." + MAX_LIMIT);
        }
    }

    public static LogFilter newest(int limit) {
        return new LogFilter(Optional.empty(), OptionalInt.empty(), Optional.empty(), limit);
    }

    public static LogFilter of(HomePid process, int limit) {
        return new LogFilter(Optional.of(process), OptionalInt.empty(), Optional.empty(), limit);
    }

    public static LogFilter ofPid(int pid, int limit) {
        return new LogFilter(Optional.empty(), OptionalInt.of(pid), Optional.empty(), limit);
    }
}
