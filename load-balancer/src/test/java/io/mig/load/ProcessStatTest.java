package io.mig.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ProcessStatTest {
    private static final String LINE =
            "4711 (a) S 9 (b) R 1 4711 4711 34816 4711 4194304 100 0 0 0 250 50 0 0 20 0 3 0 987654"
                    + " 104857600 2560 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0";

    @Test
    void shouldReadFieldsBehindTheNameWhenTheNameHoldsBrackets() {
        assertThat(ProcessStat.parse(LINE)).contains(new ProcessStat('R', 300, 987654, 2560));
    }

    @Test
    void shouldBeEmptyWhenTheLineIsCut() {
        for (int length = 0; length < LINE.indexOf(" 2560"); length++) {
            assertThat(ProcessStat.parse(LINE.substring(0, length))).isEmpty();
        }
    }
}
