package io.mig.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures chosen processes: reads {@code /proc/PID/stat} of those and of no others, about 10 µs
 * each. Processor shares are between two calls that both name the process; what a call does not
 * name is forgotten. Threads: one at a time, which the methods enforce.
 */
public final class ProcessSampler {
    private static final double NANOS = 1e9;

    private final Path proc;
    private final KernelUnits units;
    private final LongSupplier nanoTime;

    private Map<Integer, Seen> seen = new HashMap<>();

    /** Samples processes of this node. */
    public ProcessSampler() {
        this(Path.of("/proc"), KernelUnits.ofThisMachine(), System::nanoTime);
    }

    ProcessSampler(Path proc, KernelUnits units, LongSupplier nanoTime) {
        this.proc = proc;
        this.units = units;
        this.nanoTime = nanoTime;
    }

    /** The load of these processes; those that are gone are left out. */
    public synchronized Map<Integer, ProcessLoad> sample(Collection<Integer> pids) {
        Map<Integer, ProcessLoad> loads = new LinkedHashMap<>();
        Map<Integer, Seen> seenNow = new HashMap<>();
        for (int pid : pids) {
            read(pid)
                    .ifPresent(
                            stat -> {
                                Seen now =
                                        new Seen(
                                                stat.startTicks(),
                                                stat.cpuTicks(),
                                                nanoTime.getAsLong());
                                seenNow.put(pid, now);
                                loads.put(pid, load(pid, stat, cpu(seen.get(pid), now)));
                            });
        }
        seen = seenNow;
        return loads;
    }

    private ProcessLoad load(int pid, ProcessStat stat, double cpu) {
        return new ProcessLoad(
                pid,
                stat.startTicks(),
                stat.state(),
                cpu,
                Duration.ofMillis(stat.cpuTicks() * 1000 / units.ticksPerSecond()),
                stat.rssPages() * units.pageBytes());
    }

    /**
     * Processors kept busy since the last look; since its start when this is the first look at this
     * process.
     */
    private double cpu(@Nullable Seen before, Seen now) {
        if (before == null || before.startTicks != now.startTicks) {
            double age = uptimeSeconds() - (double) now.startTicks / units.ticksPerSecond();
            return age <= 0 ? 0 : seconds(now.cpuTicks) / age;
        }
        double elapsed = (now.nanos - before.nanos) / NANOS;
        return elapsed <= 0 ? 0 : Math.max(0, seconds(now.cpuTicks - before.cpuTicks)) / elapsed;
    }

    private double seconds(long ticks) {
        return (double) ticks / units.ticksPerSecond();
    }

    private double uptimeSeconds() {
        try {
            String uptime = Files.readString(proc.resolve("uptime"));
            return Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')));
        } catch (IOException | NumberFormatException | IndexOutOfBoundsException e) {
            return 0; // then the first figure is 0 and the second right
        }
    }

    private Optional<ProcessStat> read(int pid) {
        try {
            byte[] line = Files.readAllBytes(proc.resolve(Integer.toString(pid)).resolve("stat"));
            return ProcessStat.parse(
                    new String(line, StandardCharsets.ISO_8859_1)); // names are any bytes
        } catch (IOException e) {
            return Optional.empty(); // ended meanwhile (ENOENT, ESRCH)
        }
    }

    private record Seen(long startTicks, long cpuTicks, long nanos) {}
}
