package io.mig.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NetworkMeterTest {
    private static final long SECOND = 1_000_000_000L;

    @TempDir private Path folder = Path.of("");
    private long now = 7 * SECOND;

    private void carried(long received, long sent) throws IOException {
        Files.writeString(
                folder.resolve("dev"),
                """
                Inter-|   Receive                                                |  Transmit
                 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
                    lo: 99999999 5 0 0 0 0 0 0 99999999 5 0 0 0 0 0 0
                  eth0:%d 5 0 0 0 0 0 0 %d 5 0 0 0 0 0 0
                  eth1: 1000 5 0 0 0 0 0 0 1000 5 0 0 0 0 0 0
                """
                        .formatted(received, sent));
    }

    @Test
    void shouldTellWhatWasCarriedSinceTheLookBefore() throws IOException {
        NetworkMeter meter = new NetworkMeter(folder.resolve("dev"), () -> now);
        carried(5_000, 7_000);
        assertThat(meter.bytesPerSecond()).as("the first look").isZero();
        now += 2 * SECOND;
        carried(6_000, 10_000);
        assertThat(meter.bytesPerSecond()).isEqualTo(2_000);
        now += SECOND;
        carried(10, 10);
        assertThat(meter.bytesPerSecond()).as("a device that is new").isZero();
        now += SECOND;
        carried(110, 10);
        assertThat(meter.bytesPerSecond()).isEqualTo(100);
    }

    @Test
    void shouldTellNothingWhenTheKernelDoesNot() throws IOException {
        NetworkMeter meter = new NetworkMeter(folder.resolve("dev"), () -> now);
        assertThat(meter.bytesPerSecond()).isZero();
        now += SECOND;
        carried(5_000, 7_000);
        assertThat(meter.bytesPerSecond()).as("nothing to compare with").isZero();
        Files.writeString(folder.resolve("dev"), "eth0: x 5 0 0 0 0 0 0 y 5\n");
        now += SECOND;
        assertThat(meter.bytesPerSecond()).isZero();
    }
}
