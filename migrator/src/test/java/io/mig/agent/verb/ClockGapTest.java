package io.mig.agent.verb;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ClockGapTest {
    @Test
    void shouldCountOnlyWhatTheWayDoesNotExplain() {
        assertThat(ClockGap.millis(1000, 1400, 1000)).isZero();
        assertThat(ClockGap.millis(1000, 1400, 1400)).isZero();
        assertThat(ClockGap.millis(1000, 1400, 1200)).isZero();
        assertThat(ClockGap.millis(1000, 1400, 181_400)).isEqualTo(180_000);
        assertThat(ClockGap.millis(301_000, 301_400, 1000)).isEqualTo(-300_000);
    }
}
