package io.mig.load;

import java.io.FileInputStream;
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
 * each. Processor shares are between two looks at the same process that are at least {@value
 * #SHORTEST_MILLIS} ms apart, however many callers look; a process nobody looked at for {@value
 * #FORGET_SECONDS} s is forgotten. Any thread.
 */
public final class ProcessSampler {
    /** A share of less time is noise: the kernel counts ticks of 10 ms. */
    static final long SHORTEST_MILLIS = 200;

    /** Keeps the memory of a caller who looks at each process once from growing for ever. */
    static final long FORGET_SECONDS = 60;

    private static final double NANOS = 1e9;

    private final Path proc;
    private final KernelUnits units;
    private final LongSupplier nanoTime;

    private final Map<Integer, Seen> seen = new HashMap<>();
    private final byte[] buffer = new byte[1024];

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
        long now = nanoTime.getAsLong();
        seen.values().removeIf(before -> now - before.nanos > FORGET_SECONDS * (long) NANOS);
        Map<Integer, ProcessLoad> loads = new LinkedHashMap<>();
        double uptime = pids.isEmpty() ? 0 : uptimeSeconds();
        for (int pid : pids) {
            Optional<ProcessStat> stat = read(pid);
            if (stat.isPresent()) {
                Seen look = look(seen.get(pid), stat.get(), now, uptime);
                seen.put(pid, look);
                loads.put(pid, load(pid, stat.get(), look.cpu));
            } else {
                seen.remove(pid);
            }
        }
        return loads;
    }

    /** What is remembered of a process after this look at it. */
    private Seen look(@Nullable Seen before, ProcessStat stat, long now, double uptime) {
        if (before == null || before.startTicks != stat.startTicks()) {
            return new Seen(stat.startTicks(), stat.cpuTicks(), now, meanOfLife(stat, uptime));
        }
        double elapsed = (now - before.nanos) / NANOS;
        if (elapsed * 1000 < SHORTEST_MILLIS) {
            return before;
        }
        double cpu = Math.max(0, seconds(stat.cpuTicks() - before.cpuTicks)) / elapsed;
        return new Seen(stat.startTicks(), stat.cpuTicks(), now, cpu);
    }

    private double meanOfLife(ProcessStat stat, double uptime) {
        double age = uptime - seconds(stat.startTicks());
        return age <= 0 ? 0 : seconds(stat.cpuTicks()) / age;
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
        // a plain stream costs a third of Files.readAllBytes
        try (FileInputStream in = new FileInputStream(proc + "/" + pid + "/stat")) {
            int size = Math.max(0, in.read(buffer));
            return ProcessStat.parse(
                    new String(
                            buffer, 0, size, StandardCharsets.ISO_8859_1)); // names are any bytes
        } catch (IOException e) {
            return Optional.empty(); // ended meanwhile (ENOENT, ESRCH)
        }
    }

    private record Seen(long startTicks, long cpuTicks, long nanos, double cpu) {}
}
