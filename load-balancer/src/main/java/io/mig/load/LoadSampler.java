package io.mig.load;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at this node once in a while and keeps the newest picture. One thread of its own samples
 * and owns all state but the picture, which any thread may read. The first sample, which warms the
 * probe up, is taken on that thread too, so starting is quick.
 */
public final class LoadSampler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LoadSampler.class);
    private static final Path PRESSURE = Path.of("/proc/pressure");

    private final NodeProbe probe;
    private final Path pressure;
    private final String suffix;
    private final InstantSource clock;
    private final NetworkMeter network =
            new NetworkMeter(Path.of("/proc/net/dev"), System::nanoTime);

    private @Nullable NodeReading previous;
    private boolean failing;
    private volatile @Nullable NodeLoad latest;
    private volatile long sampleNanos;

    private @Nullable ScheduledExecutorService schedule;

    /**
     * @param probe reads the node's counters
     * @param clock dates the samples
     */
    public LoadSampler(NodeProbe probe, InstantSource clock) {
        this(probe, PRESSURE, clock);
    }

    LoadSampler(NodeProbe probe, Path pressure, InstantSource clock) {
        this(probe, pressure, "", clock);
    }

    private LoadSampler(NodeProbe probe, Path pressure, String suffix, InstantSource clock) {
        this.probe = probe;
        this.pressure = pressure;
        this.suffix = suffix;
        this.clock = clock;
    }

    /** Samples what this process may use: the machine, or the cgroup that limits it. */
    public static LoadSampler ofThisNode(
            NodeProbe machine, Optional<CpuLimit> limit, InstantSource clock) {
        NodeProbe probe = limit.<NodeProbe>map(l -> new CgroupProbe(l, machine)).orElse(machine);
        return limit.flatMap(CpuLimit::pressureGroup)
                .map(group -> new LoadSampler(probe, group, ".pressure", clock))
                .orElseGet(() -> new LoadSampler(probe, clock));
    }

    /** Begins to sample, at once and then at this interval. Start and close from one thread. */
    public void start(Duration interval) {
        if (schedule != null) {
            throw new IllegalStateException("the sampler runs already");
        }
        schedule =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("load-sampler").factory());
        var _ =
                schedule.scheduleWithFixedDelay(
                        this::sampleOrReport, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The newest picture; empty until the first sample is taken. */
    public Optional<NodeLoad> latest() {
        return Optional.ofNullable(latest);
    }

    /** What the newest sample cost, in wall-clock time; zero before the first. */
    public Duration cost() {
        return Duration.ofNanos(sampleNanos);
    }

    @Override
    public void close() {
        if (schedule != null) {
            schedule.shutdownNow();
            schedule = null;
        }
    }

    private void sampleOrReport() {
        try {
            sample();
            if (failing) {
                failing = false;
                LOG.info("load can be read again");
            }
        } catch (RuntimeException e) {
            // scheduled work that throws is never run again; an outage is told once, not each
            // second
            if (!failing) {
                failing = true;
                LOG.warn("load cannot be read, the last figures grow old", e);
            }
        }
    }

    /** Takes one sample now. For the sampling thread, and for tests that do not start one. */
    void sample() {
        long begin = System.nanoTime();
        NodeReading now = probe.read();
        NodeReading before = previous;
        previous = now;
        latest =
                new NodeLoad(
                        clock.instant(),
                        Math.max(1, now.cpus()),
                        before == null
                                ? busy(0, 0, now)
                                : busy(before.busyTicks(), before.totalTicks(), now),
                        now.load1(),
                        now.memTotalBytes(),
                        now.memAvailableBytes(),
                        network.bytesPerSecond(),
                        PressureReader.read(pressure.resolve("cpu" + suffix)),
                        PressureReader.read(pressure.resolve("memory" + suffix)),
                        PressureReader.read(pressure.resolve("io" + suffix)));
        sampleNanos = System.nanoTime() - begin;
    }

    /** Share of busy time since the reading before; since boot for the first one. */
    private static double busy(long busyBefore, long totalBefore, NodeReading now) {
        long total = now.totalTicks() - totalBefore;
        // iowait, and with it the rest, may go backwards a little (proc_stat(5))
        return total <= 0 ? 0 : Math.clamp((double) (now.busyTicks() - busyBefore) / total, 0, 1);
    }
}
