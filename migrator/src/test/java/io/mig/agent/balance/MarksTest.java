package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.model.NodeId;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class MarksTest {
    private static Marks of(String... settings) {
        return Marks.of((String.join("\0", settings) + "\0").getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void shouldBeUnmanagedWhenNothingIsSaid() {
        assertThat(of("PATH=/bin", "XMIG_MANAGED=1", "MIG_MANAGED=0")).isEqualTo(Marks.NONE);
        assertThat(Marks.of(new byte[0])).isEqualTo(Marks.NONE);
    }

    @Test
    void shouldReadAllMarksWhenRunSetThem() {
        Marks marks =
                of("A=b", "MIG_MANAGED=1", "MIG_ON=node3", "MIG_FIRST=71:node2", "MIG_SHELL=17");

        assertThat(marks.managed()).isTrue();
        assertThat(marks.on()).contains(new NodeId("node3"));
        assertThat(marks.first()).contains(new NodeId("node2"));
        assertThat(marks.firstPid()).isEqualTo(71);
        assertThat(marks.shell()).isEqualTo(17);
    }

    @Test
    void shouldIgnoreWhatCannotBeMeantWhenUserWritesNonsense() {
        Marks marks = of("MIG_MANAGED=1", "MIG_ON=../x", "MIG_FIRST=", "MIG_SHELL=99999999999");

        assertThat(marks.managed()).isTrue();
        assertThat(marks.on()).isEmpty();
        assertThat(marks.first()).isEmpty();
        assertThat(marks.shell()).isZero();
    }
}
