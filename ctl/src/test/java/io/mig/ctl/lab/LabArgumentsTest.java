package io.mig.ctl.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class LabArgumentsTest {
    @Test
    void shouldFindOptionsAnywhereWhenTheyAreMixedWithWords() {
        LabArguments arguments =
                LabArguments.parse(
                        List.of(
                                "--name",
                                "a",
                                "up",
                                "4",
                                "--no-agents",
                                "--env",
                                "A=1",
                                "--env=B=x=y"));

        assertThat(arguments.verb()).isEqualTo("up");
        assertThat(arguments.words()).containsExactly("4");
        assertThat(arguments.options()).containsEntry("name", "a").containsKey("no-agents");
        assertThat(arguments.environment()).containsEntry("A", "1").containsEntry("B", "x=y");
    }

    @Test
    void shouldAskForHelpWhenNothingIsGiven() {
        assertThat(LabArguments.parse(List.of()).verb()).isEqualTo("help");
        assertThat(LabArguments.parse(List.of("up", "--help")).verb()).isEqualTo("help");
    }

    @Test
    void shouldRefuseWhenAnOptionIsUnknown() {
        assertThatThrownBy(() -> LabArguments.parse(List.of("up", "--nodes", "3")))
                .isInstanceOf(LabException.class)
                .hasMessageContaining("--nodes")
                .hasMessageContaining("--no-agents");
    }

    @Test
    void shouldRefuseWhenAValueIsMissing() {
        assertThatThrownBy(() -> LabArguments.parse(List.of("up", "--name")))
                .isInstanceOf(LabException.class)
                .hasMessageContaining("--name needs a value");
    }

    @Test
    void shouldRefuseWhenASettingIsNone() {
        assertThatThrownBy(() -> LabArguments.parse(List.of("up", "--env", "=1")))
                .isInstanceOf(LabException.class)
                .hasMessageContaining("NAME=VALUE");
    }

    @Test
    void shouldSayTheUsageWhenAWordIsMissing() {
        LabArguments arguments = LabArguments.parse(List.of("cut", "node1"));

        assertThatThrownBy(() -> arguments.word(1, "cut A B")).hasMessage("usage: mig lab cut A B");
    }
}
