package io.mig.agent.verb;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class CommandLinesTest {
    private static final long SECOND = 1_000_000_000L;

    private int reads;
    private List<String> arguments = List.of("perl", "a b");
    private long now;

    private final CommandLines lines =
            new CommandLines(
                    pid -> {
                        reads++;
                        return arguments;
                    },
                    () -> now);

    private String ask(long startTicks, String name) {
        return lines.of(7, startTicks, name);
    }

    private void settle() {
        ask(1, "perl");
        now += CommandLines.SETTLED_NANOS;
        ask(1, "perl");
        reads = 0;
    }

    @Test
    void shouldReadEachTimeAsLongAsItIsYoung() {
        assertThat(ask(1, "sh")).isEqualTo("perl a b");
        now += SECOND;
        arguments = List.of("perl", "c");
        assertThat(ask(1, "sh")).isEqualTo("perl c");
    }

    @Test
    void shouldReadSeldomWhenItIsSettled() {
        settle();
        now += CommandLines.AGAIN_NANOS - 1;
        assertThat(ask(1, "perl")).isEqualTo("perl a b");
        assertThat(reads).isZero();
        now++;
        ask(1, "perl");
        assertThat(reads).isEqualTo(1);
        now++;
        ask(1, "perl");
        assertThat(reads).isEqualTo(1);
    }

    @Test
    void shouldReadAnewWhenItIsAnotherProcessOrProgram() {
        settle();
        ask(1, "sort");
        assertThat(reads).isEqualTo(1);
        settle();
        ask(2, "perl");
        assertThat(reads).isEqualTo(1);
    }

    @Test
    void shouldForgetWhoIsGone() {
        settle();
        lines.retain(Set.of(8));
        ask(1, "perl");
        assertThat(reads).isEqualTo(1);
    }
}
