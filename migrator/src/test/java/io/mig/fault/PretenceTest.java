package io.mig.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

final class PretenceTest {
    @Test
    void shouldReadAllWordsInAnyOrder() {
        assertThat(Pretence.parse("")).isEqualTo(Pretence.NONE);
        assertThat(Pretence.parse("protocol:0, idle,clock:-90s"))
                .isEqualTo(new Pretence(Duration.ofSeconds(-90), true, OptionalInt.of(0)));
        assertThat(Pretence.parse("clock:+180s").clockOffset()).isEqualTo(Duration.ofMinutes(3));
    }

    @Test
    void shouldNameWhatItDoesNotKnow() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pretence.parse("idle,clock:soon"))
                .withMessageContaining("clock:soon")
                .withMessageContaining("protocol:NUMBER");
    }
}
