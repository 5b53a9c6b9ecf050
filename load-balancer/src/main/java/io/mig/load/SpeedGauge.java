package io.mig.load;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How fast a processor of this node is beside the reference, measured once and kept in a file for
 * as long as the processor is of the same model.
 *
 * <p>The measure is a loop of integer arithmetic and reads from 64 KiB, timed in processor time of
 * its thread, so that neither other programs nor a limit of the node's share count; the best of
 * several short runs, rounded to five percent, so that equal machines have equal speeds. Speed 1 is
 * a server processor of about 3 GHz of the years around 2022. It takes a tenth of a second of
 * processor time. Blocks; for any thread.
 */
public final class SpeedGauge {
    private static final Logger LOG = LoggerFactory.getLogger(SpeedGauge.class);

    /** Steps of the loop in a nanosecond on the reference. */
    private static final double REFERENCE = 0.5;

    private static final int RUNS = 12;
    private static final int STEPS = 2_000_000;
    private static final int WORDS = 8192;
    private static final double LEAST = 0.05;
    private static final double MOST = 20;
    private static final String FORMAT = "speed 1";

    private final Path file;
    private final Path cpuinfo;
    private final DoubleSupplier measure;

    /**
     * @param file where the figure is kept; its folder is made
     */
    public SpeedGauge(Path file) {
        this(file, Path.of("/proc/cpuinfo"), SpeedGauge::measure);
    }

    SpeedGauge(Path file, Path cpuinfo, DoubleSupplier measure) {
        this.file = file;
        this.cpuinfo = cpuinfo;
        this.measure = measure;
    }

    /** The kept figure, or a new one. */
    public double speed() {
        String model = model();
        try {
            List<String> lines = Files.readAllLines(file);
            if (lines.size() == 3
                    && lines.getFirst().equals(FORMAT)
                    && lines.get(1).equals(model)) {
                double kept = Double.parseDouble(lines.get(2));
                if (kept >= LEAST && kept <= MOST) {
                    return kept;
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.debug("no speed is kept yet: file={}", file);
        }
        double speed = Math.clamp(Math.round(measure.getAsDouble() * 20) / 20.0, LEAST, MOST);
        keep(model, speed);
        LOG.info("processor speed measured: speed={} model={}", speed, model);
        return speed;
    }

    private void keep(String model, double speed) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Path fresh = file.resolveSibling(file.getFileName() + ".new");
            Files.write(fresh, List.of(FORMAT, model, Double.toString(speed)));
            Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("the speed cannot be kept and is measured anew next time: file={}", file, e);
        }
    }

    /** Model name of the first processor (proc_cpuinfo(5)); empty where there is none. */
    private String model() {
        try (var lines = Files.lines(cpuinfo)) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    /** Measures now, unrounded. */
    static double measure() {
        ThreadMXBean clock = ManagementFactory.getThreadMXBean();
        long[] memory = new long[WORDS];
        double best = 0;
        for (int run = 0; run < RUNS; run++) {
            long begin = clock.getCurrentThreadCpuTime();
            long sum = loop(memory, run + 1L);
            long nanos = clock.getCurrentThreadCpuTime() - begin;
            memory[run] ^= sum; // the result is used, so that the loop cannot be left out
            best = Math.max(best, STEPS / (double) Math.max(1, nanos));
        }
        return best / REFERENCE;
    }

    private static long loop(long[] memory, long seed) {
        long x = seed * 0x9e3779b97f4a7c15L;
        long sum = 0;
        for (int i = 0; i < STEPS; i++) {
            x ^= x << 13;
            x ^= x >>> 7;
            x ^= x << 17;
            int at = (int) (x & (WORDS - 1));
            sum += memory[at] ^ x;
            memory[at] = sum;
        }
        return sum;
    }
}
