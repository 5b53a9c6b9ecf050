package io.mig.ctl.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LabValuesTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "Lab", "1lab", "a/b", "..", "averyveryverylongname1"})
    void shouldRefuseWhenANameCouldLeaveTheFolder(String name) {
        assertThatThrownBy(() -> new LabName(name)).isInstanceOf(LabException.class);
    }

    @Test
    void shouldReadNodesWhenWrittenLongOrShort() {
        assertThat(LabNode.parse("node2")).isEqualTo(LabNode.parse("2")).isEqualTo(new LabNode(2));
        assertThat(new LabNode(2).lastPid()).isEqualTo(4000);
        assertThat(new LabNode(10).mac()).isEqualTo("02:00:00:00:00:0a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"node0", "node17", "node", "host2", "-1", "node1x"})
    void shouldRefuseWhenANodeCannotBe(String node) {
        assertThatThrownBy(() -> LabNode.parse(node)).isInstanceOf(LabException.class);
    }

    @Test
    void shouldChooseTheSameSubnetWhenTheNameIsTheSame() {
        Subnet subnet = Subnet.of(new LabName("lab"));

        assertThat(subnet)
                .isEqualTo(Subnet.of(new LabName("lab")))
                .isNotEqualTo(Subnet.of(new LabName("other")));
        assertThat(subnet.second()).isBetween(64, 127);
        assertThat(subnet.address(new LabNode(3))).matches("10\\.\\d+\\.\\d+\\.13");
    }

    @ParameterizedTest
    @CsvSource({"100mbit,100000000", "1gbit,1000000000", "8kbit,8000", "10MBIT,10000000"})
    void shouldReadRatesWhenTheyHaveAUnit(String text, long bits) {
        assertThat(Rate.parse(text).bitsPerSecond()).isEqualTo(bits);
        assertThat(Rate.parse(Rate.parse(text).toString())).isEqualTo(Rate.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"100", "fast", "1kbit", "-1mbit", "1 mbit"})
    void shouldRefuseWhenARateIsNone(String text) {
        assertThatThrownBy(() -> Rate.parse(text)).isInstanceOf(LabException.class);
    }

    @Test
    void shouldKeepABurstOfOneTickWhenTheRateIsHigh() {
        assertThat(Rate.parse("1gbit").tokenBucket()).contains("1000000000bit", "500000b");
        assertThat(Rate.parse("1mbit").tokenBucket()).contains("16384b");
    }

    @Test
    void shouldBeTheSameCutWhenNodesChangePlaces() {
        Cut cut = Cut.between(new LabNode(3), new LabNode(1));

        assertThat(cut).isEqualTo(Cut.parse("node1 node3"));
        assertThat(cut.otherThan(new LabNode(1))).isEqualTo(new LabNode(3));
        assertThatThrownBy(() -> Cut.between(new LabNode(1), new LabNode(1)))
                .isInstanceOf(LabException.class);
    }

    @Test
    void shouldNameAllPeersWhenAnAgentIsConfigured() {
        List<LabNode> nodes = List.of(new LabNode(1), new LabNode(2));

        String toml =
                AgentSettings.toml(new LabName("lab"), new LabNode(2), nodes, Optional.empty());

        assertThat(toml)
                .contains("node = \"node2\"", "\"node1=10.", "\"node2=10.", ":7420\"")
                .doesNotContain("programs");
    }

    @Test
    void shouldTellTheAgentWhereProgramsAreLimitedWhenItIsNot() {
        List<LabNode> nodes = List.of(new LabNode(1));

        String toml =
                AgentSettings.toml(new LabName("lab"), new LabNode(1), nodes, Optional.of("/x"));

        assertThat(toml).endsWith("\n\n[programs]\ncgroup = \"/x\"\n");
    }

    @Test
    void shouldWriteOneSettingPerLineWhenTheAgentHasAnEnvironment() {
        assertThat(NodeAgents.lines(Map.of("B", "2", "A", "1 2"))).isEqualTo("A=1 2\nB=2\n");
    }
}
