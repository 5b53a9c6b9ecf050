package io.mig.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class LoadSamplerTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

    @TempDir private Path pressure = Path.of("");

    @Test
    void shouldTellTheShareSinceTheSampleBefore() throws IOException {
        Files.writeString(
                pressure.resolve("memory"), "some avg10=20.00 avg60=0.00 avg300=0.00 total=5\n");
        Queue<NodeReading> readings =
                new ArrayDeque<>(
                        List.of(
                                new NodeReading(4, 1000, 10_000, 0.5, 64, 32),
                                new NodeReading(4, 1300, 10_400, 0.7, 64, 16)));
        try (LoadSampler sampler =
                new LoadSampler(readings::remove, pressure, InstantSource.fixed(NOON))) {
            assertThat(sampler.latest()).isEmpty();
            sampler.sample();
            assertThat(sampler.latest().orElseThrow().cpuBusy()).isEqualTo(0.1);
            sampler.sample();

            NodeLoad load = sampler.latest().orElseThrow();
            assertThat(load.cpuBusy()).isEqualTo(0.75);
            assertThat(load.memAvailableBytes()).isEqualTo(16);
            assertThat(load.memoryPressure()).contains(new Pressure(0.2, 0, 0, 5));
            assertThat(load.cpuPressure()).isEmpty();
            assertThat(load.age(NOON.plusSeconds(3))).isEqualTo(Duration.ofSeconds(3));
            assertThat(load.age(NOON.minusSeconds(3))).isZero();
        }
    }

    @Test
    void shouldTellNothingBusyWhenTheClockOfTheCountersStoodStillOrWentBack() {
        Queue<NodeReading> readings =
                new ArrayDeque<>(
                        List.of(
                                new NodeReading(1, 10, 100, 0, 1, 1),
                                new NodeReading(1, 10, 100, 0, 1, 1),
                                new NodeReading(1, 9, 99, 0, 1, 1)));
        try (LoadSampler sampler =
                new LoadSampler(readings::remove, pressure, InstantSource.fixed(NOON))) {
            sampler.sample();
            sampler.sample();
            assertThat(sampler.latest().orElseThrow().cpuBusy()).isZero();
            sampler.sample();
            assertThat(sampler.latest().orElseThrow().cpuBusy()).isZero();
        }
    }

    @Test
    void shouldGoOnSamplingWhenTheProbeFailsForAWhile() {
        AtomicInteger calls = new AtomicInteger();
        NodeProbe probe =
                () -> {
                    if (calls.incrementAndGet() < 3) {
                        throw new IllegalStateException("not now");
                    }
                    return new NodeReading(1, 1, 1, 0, 1, 1);
                };
        try (LoadSampler sampler = new LoadSampler(probe, pressure, InstantSource.fixed(NOON))) {
            sampler.start(Duration.ofMillis(5));

            await().untilAsserted(() -> assertThat(sampler.latest()).isPresent());
            assertThatThrownBy(() -> sampler.start(Duration.ofMillis(5)))
                    .isInstanceOf(IllegalStateException.class);
        }
    }
}
