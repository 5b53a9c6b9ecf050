package io.mig.agent.balance;

import io.mig.checkpoint.proc.ProcStat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * How many processors processes want: the share of time in which their threads ran or waited for a
 * processor, from {@code /proc/PID/task/TID/schedstat} (Documentation/scheduler/sched-stats.rst).
 * What they got says little on a node that is too full. For one thread.
 */
final class DemandMeter {
    private static final int MOST_THREADS = 64;
    private static final double WEIGHT_OF_NEW = 0.5;
    private static final long SHORTEST_NANOS = 200_000_000;

    private final Path proc;
    private final Map<Integer, Look> looks = new HashMap<>();

    private record Look(long startTicks, long wanted, long nanos, double demand, long round) {}

    private long round;

    DemandMeter(Path proc) {
        this.proc = proc;
    }

    /** What this process wants, smoothed over a few looks. */
    double of(ProcStat stat, long nowNanos) {
        Look before = looks.get(stat.pid());
        boolean first = before == null || before.startTicks != stat.startTicks();
        if (!first && before != null && nowNanos - before.nanos < SHORTEST_NANOS) {
            looks.put(
                    stat.pid(),
                    new Look(before.startTicks, before.wanted, before.nanos, before.demand, round));
            return before.demand;
        }
        OptionalLong wanted = wanted(stat);
        double now = stat.state() == 'R' ? 1 : 0;
        double demand;
        if (first || before == null) {
            demand = now;
        } else {
            double share =
                    wanted.isEmpty()
                            ? now
                            : (double) (wanted.getAsLong() - before.wanted)
                                    / (nowNanos - before.nanos);
            // threads that ended take their times along
            double sample = share < 0 ? before.demand : Math.min(share, stat.threads());
            demand = (1 - WEIGHT_OF_NEW) * before.demand + WEIGHT_OF_NEW * sample;
        }
        looks.put(
                stat.pid(), new Look(stat.startTicks(), wanted.orElse(0), nowNanos, demand, round));
        return demand;
    }

    /** Forgets all that nobody has asked about since the last call. */
    void endRound() {
        long current = round++;
        looks.values().removeIf(look -> look.round < current);
    }

    private OptionalLong wanted(ProcStat stat) {
        Path directory = proc.resolve(Integer.toString(stat.pid()));
        if (stat.threads() <= 1) {
            return read(directory.resolve("schedstat"));
        }
        long sum = 0;
        int threads = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(directory.resolve("task"))) {
            for (Path task : tasks) {
                sum += read(task.resolve("schedstat")).orElse(0);
                if (++threads == MOST_THREADS) {
                    break;
                }
            }
            return OptionalLong.of(sum);
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private static OptionalLong read(Path file) {
        try {
            String[] words =
                    new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                            .strip()
                            .split(" ");
            return words.length < 2
                    ? OptionalLong.empty()
                    : OptionalLong.of(Long.parseLong(words[0]) + Long.parseLong(words[1]));
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty(); // ended meanwhile, or a kernel without these figures
        }
    }
}
