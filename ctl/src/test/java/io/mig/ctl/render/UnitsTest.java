package io.mig.ctl.render;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class UnitsTest {
    @Test
    void shouldShowBytesInTheUnitThatNeedsFewDigits() {
        assertThat(Units.bytes(0)).isEqualTo("0B");
        assertThat(Units.bytes(999)).isEqualTo("999B");
        assertThat(Units.bytes(1000)).isEqualTo("1.0K");
        assertThat(Units.bytes(10_239)).isEqualTo("10K");
        assertThat(Units.bytes(1.5 * (1 << 30))).isEqualTo("1.5G");
        assertThat(Units.bytes(Long.MAX_VALUE)).isEqualTo("8.0E");
    }

    @Test
    void shouldShowTimesInTheUnitThatNeedsFewDigits() {
        assertThat(Units.millis(0.04)).isEqualTo("0.0 ms");
        assertThat(Units.millis(9.94)).isEqualTo("9.9 ms");
        assertThat(Units.millis(38.2)).isEqualTo("38 ms");
        assertThat(Units.millis(999.6)).isEqualTo("1.00 s");
        assertThat(Units.millis(12_345)).isEqualTo("12.3 s");
        assertThat(Units.millis(200_000)).isEqualTo("3 min 20 s");
        assertThat(Units.millis(7_300_000)).isEqualTo("2 h 1 min");
    }

    @Test
    void shouldShowShares() {
        assertThat(Units.percent(0)).isEqualTo("0%");
        assertThat(Units.percent(0.031)).isEqualTo("3.1%");
        assertThat(Units.percent(0.985)).isEqualTo("99%");
        assertThat(Units.percent(3.5)).isEqualTo("350%");
    }
}
