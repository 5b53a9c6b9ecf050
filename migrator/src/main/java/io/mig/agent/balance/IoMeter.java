package io.mig.agent.balance;

import io.mig.files.client.TreeStats;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How much a process does with files of its home, as bytes per second over the line. Of a guest
 * that is counted: what its caches did not have went through home's mount, and each request costs a
 * round trip besides. Of a process at home it is what it reads and writes altogether
 * (proc_pid_io(5): files, pipes and terminals alike), all of which would go over the line; that is
 * too much for one that reads the same files again and again, so such a process stays at home
 * rather than going and coming back; until there was a second look, the mean of its life is taken,
 * else it would have gone before anything was known. Of one whose input or output is a pipe all
 * counts as if it went through that. For one thread.
 */
final class IoMeter {
    /** What the line carries while one request is on its way: a fifth of a millisecond. */
    static final double REQUEST_BYTES = 20_000;

    /**
     * What the line would carry while the relay carries one byte: a pipe over two agents and a
     * deputy was measured at 17 to 21 MB/s where the line is taken for one of 110.
     */
    static final double RELAY = 5;

    private static final long FIRST_NANOS = 1_000_000_000L;

    /** Files of {@code /proc} are not free: 1,000 processes are read in 0.2 % of a core. */
    private static final long NEXT_NANOS = 4_000_000_000L;

    private static final double WEIGHT_OF_NEW = 0.5;

    /** What a program reads at its start says nothing of its life. */
    private static final double LEAST_AGE_SECONDS = 0.5;

    private final Path proc;
    private final Map<Object, Look> looks = new HashMap<>();
    private final byte[] buffer = new byte[512];
    private long round;

    /**
     * @param bytes that were counted at the last look
     * @param rate bytes per second, smoothed
     * @param first whether there was no look before, so that the rate is a guess
     */
    private record Look(double bytes, long nanos, double rate, boolean first, long round) {
        Look at(long newRound) {
            return new Look(bytes, nanos, rate, first, newRound);
        }
    }

    private record Local(int pid, long startTicks) {}

    private record Relayed(Object guest) {}

    IoMeter(Path proc) {
        this.proc = proc;
    }

    /** Of a guest. */
    double guest(Object guest, TreeStats.Io io, long nowNanos) {
        Look before = looks.get(guest);
        if (before != null && nowNanos - before.nanos < FIRST_NANOS) {
            return kept(guest, before);
        }
        double bytes = io.bytesRead() + io.bytesWritten() + REQUEST_BYTES * io.operations();
        return taken(guest, before, bytes, 1, 0, nowNanos);
    }

    /**
     * What a guest's pipes and terminals carried between the host and home.
     *
     * @param bytes since some moment, both ways
     */
    double relayed(Object guest, long bytes, long nowNanos) {
        Object key = new Relayed(guest);
        Look before = looks.get(key);
        return before != null && nowNanos - before.nanos < FIRST_NANOS
                ? kept(key, before)
                : taken(key, before, (double) bytes, 1, 0, nowNanos);
    }

    /**
     * Of a process at home.
     *
     * @param ageSeconds since its start
     */
    double local(int pid, long startTicks, double ageSeconds, long nowNanos) {
        Local key = new Local(pid, startTicks);
        Look before = looks.get(key);
        if (before != null && nowNanos - before.nanos < (before.first ? FIRST_NANOS : NEXT_NANOS)) {
            return kept(key, before);
        }
        double bytes = read(pid);
        double weight = isPipe(pid, 0) || isPipe(pid, 1) ? RELAY : 1;
        double guess = bytes / Math.max(LEAST_AGE_SECONDS, ageSeconds);
        return taken(key, before, bytes, weight, guess * weight, nowNanos);
    }

    /** Of a process at home that rests: nothing is read. */
    double rests(int pid, long startTicks) {
        Local key = new Local(pid, startTicks);
        Look before = looks.get(key);
        return before == null ? 0 : kept(key, before);
    }

    private double kept(Object key, Look before) {
        looks.put(key, before.at(round));
        return before.rate;
    }

    private double taken(
            Object key,
            @Nullable Look before,
            double bytes,
            double weight,
            double guess,
            long nowNanos) {
        double rate = guess;
        if (before != null) {
            double sample =
                    weight * Math.max(0, bytes - before.bytes) * 1e9 / (nowNanos - before.nanos);
            rate =
                    before.first
                            ? sample
                            : (1 - WEIGHT_OF_NEW) * before.rate + WEIGHT_OF_NEW * sample;
        }
        looks.put(key, new Look(bytes, nowNanos, rate, before == null, round));
        return rate;
    }

    /** Forgets all that nobody has asked about since the last call. */
    void endRound() {
        long current = round++;
        looks.values().removeIf(look -> look.round < current);
    }

    private boolean isPipe(int pid, int descriptor) {
        try {
            Path link = proc.resolve(pid + "/fd/" + descriptor);
            return Files.readSymbolicLink(link).toString().startsWith("pipe:");
        } catch (IOException e) {
            return false; // closed, or ended meanwhile
        }
    }

    private double read(int pid) {
        try (FileInputStream in = new FileInputStream(proc + "/" + pid + "/io")) {
            int size = Math.max(0, in.read(buffer));
            String text = new String(buffer, 0, size, StandardCharsets.US_ASCII);
            return number(text, "rchar: ") + number(text, "wchar: ");
        } catch (IOException e) {
            return 0; // ended meanwhile
        }
    }

    private static double number(String text, String name) {
        int at = text.indexOf(name);
        double value = 0;
        for (int i = at + name.length(); at >= 0 && i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                break;
            }
            value = 10 * value + digit;
        }
        return value;
    }
}
