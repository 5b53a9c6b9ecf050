package io.mig.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpeedGaugeTest {
    @TempDir private Path directory;
    private final AtomicInteger measured = new AtomicInteger();

    private SpeedGauge gauge(double speed) {
        return new SpeedGauge(
                directory.resolve("state/speed"),
                directory.resolve("cpuinfo"),
                () -> {
                    measured.incrementAndGet();
                    return speed;
                });
    }

    private void machine(String model) throws IOException {
        Files.writeString(
                directory.resolve("cpuinfo"), "processor\t: 0\nmodel name\t: " + model + "\n");
    }

    @BeforeEach
    void machine() throws IOException {
        machine("Fast 9000");
    }

    @Test
    void shouldMeasureOnceAndKeepTheRoundedFigure() {
        assertThat(gauge(1.337).speed()).isEqualTo(1.35);
        assertThat(gauge(2).speed()).isEqualTo(1.35);
        assertThat(measured).hasValue(1);
    }

    @Test
    void shouldMeasureAnewWhenTheProcessorIsAnother() throws IOException {
        gauge(1).speed();
        machine("Slow 1");

        assertThat(gauge(0.5).speed()).isEqualTo(0.5);
    }

    @Test
    void shouldMeasureAnewWhenTheFileIsDamagedAndStayWithinBounds() throws IOException {
        Files.createDirectories(directory.resolve("state"));
        Files.writeString(directory.resolve("state/speed"), "speed 1\nFast 9000\n-3\n");

        assertThat(gauge(1e9).speed()).isEqualTo(20);
        assertThat(gauge(1).speed()).isEqualTo(20);
    }

    @Test
    void shouldMeasureWhenTheFigureCannotBeKept() throws IOException {
        Files.writeString(directory.resolve("state"), "a file where the folder should be");

        assertThat(gauge(0.001).speed()).isEqualTo(0.05);
    }

    @Test
    void shouldFindAPlausibleSpeedOnThisMachine() {
        assertThat(SpeedGauge.measure()).isBetween(0.05, 20.0);
    }
}
