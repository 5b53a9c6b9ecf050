package io.mig.agent.balance;

import io.mig.checkpoint.proc.ProcStat;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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

    /** So often it must have stood still to be looked at only every fourth time. */
    private static final int STILL_LOOKS = 10;

    private static final double NOTHING = 1e-3;

    private final byte[] buffer = new byte[128];

    /**
     * @param times what its threads ran and wanted
     * @param still looks since it last ran or waited
     */
    private record Look(
            long startTicks, Times times, long nanos, double demand, int still, long round) {
        Look at(long newRound) {
            return new Look(startTicks, times, nanos, demand, still, newRound);
        }
    }

    /** Nanoseconds of all threads. */
    record Times(long ran, long wanted) {
        static final Times NONE = new Times(0, 0);
    }

    private long round;

    DemandMeter(Path proc) {
        this.proc = proc;
    }

    /** What this process wants, smoothed over a few looks. */
    double of(ProcStat stat, long nowNanos) {
        Look before = looks.get(stat.pid());
        boolean first = before == null || before.startTicks != stat.startTicks();
        if (!first
                && before != null
                && (nowNanos - before.nanos < SHORTEST_NANOS || rests(before, stat))) {
            looks.put(stat.pid(), before.at(round));
            return before.demand;
        }
        @Nullable Times times = times(stat);
        double now = stat.state() == 'R' ? 1 : 0;
        double demand;
        int still = 0;
        if (first || before == null) {
            demand = now;
        } else if (times == null) {
            demand = (1 - WEIGHT_OF_NEW) * before.demand + WEIGHT_OF_NEW * now;
        } else {
            long wanted = times.wanted - before.times.wanted;
            double share = (double) wanted / (nowNanos - before.nanos);
            // threads that ended take their times along
            double sample = share < 0 ? before.demand : Math.min(share, stat.threads());
            demand = (1 - WEIGHT_OF_NEW) * before.demand + WEIGHT_OF_NEW * sample;
            still = wanted == 0 ? before.still + 1 : 0;
            demand = wanted == 0 && demand < NOTHING ? 0 : demand;
        }
        looks.put(
                stat.pid(),
                new Look(
                        stat.startTicks(),
                        times == null ? Times.NONE : times,
                        nowNanos,
                        demand,
                        still,
                        round));
        return demand;
    }

    /** Processor time of a process with one thread, as of the last look; 0 when not known. */
    double ranSeconds(int pid) {
        Look look = looks.get(pid);
        return look == null ? 0 : look.times.ran / 1e9;
    }

    /** Whether this process has done nothing for many looks. */
    boolean rests(int pid) {
        Look look = looks.get(pid);
        return look != null && look.still >= STILL_LOOKS;
    }

    /** Who has done nothing for long is looked at less often; its mean is right all the same. */
    private boolean rests(Look before, ProcStat stat) {
        return before.still >= STILL_LOOKS && (stat.pid() & 3) != (round & 3);
    }

    /** Forgets all that nobody has asked about since the last call. */
    void endRound() {
        long current = round++;
        looks.values().removeIf(look -> look.round < current);
    }

    /** What a process had and wanted in all its life; null when it has ended. */
    @Nullable Times times(ProcStat stat) {
        String directory = proc + "/" + stat.pid();
        if (stat.threads() <= 1) {
            return read(directory + "/schedstat");
        }
        String[] tasks = new File(directory + "/task").list();
        if (tasks == null) {
            return null;
        }
        long ran = 0;
        long wanted = 0;
        for (int i = 0; i < Math.min(tasks.length, MOST_THREADS); i++) {
            Times one = read(directory + "/task/" + tasks[i] + "/schedstat");
            ran += one == null ? 0 : one.ran;
            wanted += one == null ? 0 : one.wanted;
        }
        return new Times(ran, wanted);
    }

    /** Null for what has ended meanwhile, and on a kernel without these figures. */
    private @Nullable Times read(String file) {
        try (FileInputStream in = new FileInputStream(file)) {
            int size = in.read(buffer);
            int blank = 0;
            while (blank < size && buffer[blank] != ' ') {
                blank++;
            }
            long ran = number(0, size);
            return blank >= size - 1 ? null : new Times(ran, ran + number(blank + 1, size));
        } catch (IOException e) {
            return null;
        }
    }

    private long number(int from, int size) {
        long value = 0;
        for (int i = from; i < size && buffer[i] >= '0' && buffer[i] <= '9'; i++) {
            value = 10 * value + buffer[i] - '0';
        }
        return value;
    }
}
