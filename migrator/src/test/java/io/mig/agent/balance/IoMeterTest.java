package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.mig.files.client.TreeStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IoMeterTest {
    private static final long SECOND = 1_000_000_000L;

    @TempDir private Path proc;
    private IoMeter meter;

    @BeforeEach
    void make() throws IOException {
        Files.createDirectories(proc.resolve("5"));
        meter = new IoMeter(proc);
    }

    private void did(long read, long written) throws IOException {
        Files.writeString(
                proc.resolve("5/io"),
                "rchar: " + read + "\nwchar: " + written + "\nsyscr: 9\nsyscw: 9\n");
    }

    @Test
    void shouldTellWhatAProcessReadsAndWritesWhenItIsAtHome() throws IOException {
        did(1_000_000, 0);
        assertThat(meter.local(5, 1, 4, 0)).as("the mean of its life").isEqualTo(250_000);
        did(3_000_000, 1_000_000);
        assertThat(meter.local(5, 1, 5, SECOND)).isEqualTo(3e6);
        did(3_000_000, 1_000_000);
        assertThat(meter.local(5, 1, 6, 2 * SECOND)).as("not looked at so soon").isEqualTo(3e6);
        assertThat(meter.local(5, 1, 9, 5 * SECOND)).isEqualTo(1.5e6);
        assertThat(meter.local(5, 2, 0, 5 * SECOND)).as("a pid used again").isEqualTo(8e6);
    }

    @Test
    void shouldWeighWhatAPipeCarriesMoreThanFilesBecauseItIsSlowerOverTheLine() throws IOException {
        Files.createDirectories(proc.resolve("5/fd"));
        Files.createSymbolicLink(proc.resolve("5/fd/0"), Path.of("/data/input"));
        Files.createSymbolicLink(proc.resolve("5/fd/1"), Path.of("pipe:[4711]"));
        did(1_000_000, 0);
        assertThat(meter.local(5, 1, 1, 0)).isEqualTo(1e6 * IoMeter.RELAY);
        did(1_000_000, 3_000_000);
        assertThat(meter.local(5, 1, 2, SECOND)).isEqualTo(3e6 * IoMeter.RELAY);

        Files.delete(proc.resolve("5/fd/1"));
        did(1_000_000, 7_000_000);
        assertThat(meter.local(5, 1, 6, 5 * SECOND))
                .as("half of it, and half of what came since")
                .isEqualTo(0.5 * 3e6 * IoMeter.RELAY + 0.5 * 1e6);
    }

    @Test
    void shouldCountRoundTripsWhenAGuestAsksHomeALot() {
        meter.guest("g", new TreeStats.Io(0, 0, 0), 0);

        assertThat(meter.guest("g", new TreeStats.Io(1000, 4_000_000, 1_000_000), 2 * SECOND))
                .isEqualTo((5e6 + 1000 * IoMeter.REQUEST_BYTES) / 2, within(1.0));
    }

    @Test
    void shouldCountWhatPipesCarryBesideFiles() {
        meter.guest("g", new TreeStats.Io(0, 0, 0), 0);
        meter.relayed("g", 1000, 0);

        assertThat(meter.relayed("g", 1000, SECOND / 2)).as("not looked at so soon").isZero();
        assertThat(meter.relayed("g", 5_001_000, SECOND)).isEqualTo(5e6);
        assertThat(meter.guest("g", new TreeStats.Io(0, 3_000_000, 0), SECOND)).isEqualTo(3e6);
    }

    @Test
    void shouldForgetWhoIsGone() throws IOException {
        did(1_000, 0);
        meter.local(5, 1, 1, 0);
        meter.endRound();
        meter.endRound();
        did(9_000_000, 0);

        assertThat(meter.local(5, 1, 1000, SECOND)).isEqualTo(9000);
        assertThat(meter.local(6, 1, 1, SECOND)).as("no such process").isZero();
    }
}
