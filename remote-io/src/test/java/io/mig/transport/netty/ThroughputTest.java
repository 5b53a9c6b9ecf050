package io.mig.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ThroughputTest {
    private static final long MILLI = 1_000_000;

    private final Throughput throughput = new Throughput();

    @Test
    void shouldKnowNothingWhenNothingWaits() {
        for (int i = 0; i < 1000; i++) {
            throughput.handedOver(1 << 20, 0, i * MILLI);
        }
        assertThat(throughput.rate()).isZero();
    }

    @Test
    void shouldSeeWhatALinkTakesWhenItIsBehind() {
        long submitted = 0;
        long taken = 0;
        for (int i = 0; i < 1000; i++) {
            // 12.5 MB/s taken, and always 1 MiB waiting
            submitted = taken + (1 << 20);
            int more = (int) (i == 0 ? submitted : 12_500);
            throughput.handedOver(more, 1 << 20, i * MILLI);
            taken += 12_500;
        }
        assertThat(throughput.rate()).isCloseTo(12.5e6, within(0.1e6));
    }

    @Test
    void shouldNotTakeAPauseForASlowLink() {
        throughput.handedOver(1 << 20, 1 << 20, 0);
        // it was all taken long ago; nobody had anything to send for ten seconds
        throughput.handedOver(1 << 20, 1 << 20, 10_000 * MILLI);
        assertThat(throughput.rate()).isZero();
    }
}
