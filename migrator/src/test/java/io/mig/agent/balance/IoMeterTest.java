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
        assertThat(meter.local(5, 1, 0)).isZero();
        did(3_000_000, 1_000_000);
        assertThat(meter.local(5, 1, SECOND)).isEqualTo(3e6);
        did(3_000_000, 1_000_000);
        assertThat(meter.local(5, 1, 2 * SECOND)).as("not looked at so soon").isEqualTo(3e6);
        assertThat(meter.local(5, 1, 5 * SECOND)).isEqualTo(1.5e6);
        assertThat(meter.local(5, 2, 5 * SECOND)).as("a pid used again").isZero();
    }

    @Test
    void shouldCountRoundTripsWhenAGuestAsksHomeALot() {
        meter.guest("g", new TreeStats.Io(0, 0, 0), 0);

        assertThat(meter.guest("g", new TreeStats.Io(1000, 4_000_000, 1_000_000), 2 * SECOND))
                .isEqualTo((5e6 + 1000 * IoMeter.REQUEST_BYTES) / 2, within(1.0));
    }

    @Test
    void shouldForgetWhoIsGone() throws IOException {
        did(1_000, 0);
        meter.local(5, 1, 0);
        meter.endRound();
        meter.endRound();
        did(9_000_000, 0);

        assertThat(meter.local(5, 1, SECOND)).isZero();
        assertThat(meter.local(6, 1, SECOND)).as("no such process").isZero();
    }
}
