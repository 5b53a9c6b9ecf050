package io.mig.load.oshi;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.load.NodeReading;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class OshiProbeTest {
    private static final int CALLS = 1000;

    @Test
    void shouldReadPlausibleFiguresOnTheLiveSystem() {
        NodeReading reading = new OshiProbe().read();

        assertThat(reading.cpus()).isPositive();
        assertThat(reading.busyTicks()).isPositive().isLessThan(reading.totalTicks());
        assertThat(reading.memAvailableBytes()).isPositive().isLessThan(reading.memTotalBytes());
        assertThat(reading.load1()).isNotNegative();
    }

    @Test
    void shouldCostLittleWhenWarm() {
        OshiProbe probe = new OshiProbe();
        probe.read();
        long begin = System.nanoTime();
        for (int i = 0; i < CALLS; i++) {
            probe.read();
        }
        Duration each = Duration.ofNanos((System.nanoTime() - begin) / CALLS);

        System.out.println("one reading of the node: " + each.toNanos() / 1000 + " us");
        assertThat(each)
                .isLessThan(
                        Duration.ofMillis(
                                10)); // one per second must stay below one percent of a processor
    }
}
