package io.mig.load.oshi;

import io.mig.load.NodeProbe;
import io.mig.load.NodeReading;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import oshi.SystemInfo;
import oshi.hardware.CentralProcessor;
import oshi.hardware.CentralProcessor.TickType;
import oshi.hardware.GlobalMemory;
import oshi.hardware.HardwareAbstractionLayer;

/**
 * The node's counters by OSHI. The first reading loads native code and lists the hardware (0.4 s),
 * later ones take some tens of microseconds; OSHI itself reads at most every 300 ms. For one
 * thread.
 */
public final class OshiProbe implements NodeProbe {
    private static final double UNKNOWN = -1;

    /** Made at the first reading, not before: it is slow, and constructors start nothing. */
    private @Nullable Hardware hardware;

    @Override
    public NodeReading read() {
        Hardware now = hardware;
        if (now == null) {
            HardwareAbstractionLayer layer = new SystemInfo().getHardware();
            now = new Hardware(layer.getProcessor(), layer.getMemory());
            hardware = now;
        }
        long[] ticks = now.processor().getSystemCpuLoadTicks();
        long total = LongStream.of(ticks).sum();
        long idle = ticks[TickType.IDLE.getIndex()] + ticks[TickType.IOWAIT.getIndex()];
        double[] averages = now.processor().getSystemLoadAverage(1);
        return new NodeReading(
                now.processor().getLogicalProcessorCount(),
                total - idle,
                total,
                averages.length == 0 ? UNKNOWN : averages[0],
                now.memory().getTotal(),
                now.memory().getAvailable());
    }

    private record Hardware(CentralProcessor processor, GlobalMemory memory) {}
}
