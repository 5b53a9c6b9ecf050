package io.mig.balance.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeFacts;
import io.mig.model.NodeId;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class GossipTest {
    @Test
    void shouldTellOfAnIdleNodeToNinetyPercentOfAThousandWithinFifteenPeriods() {
        int count = 1024;
        Lab lab = new Lab(count, 1);
        for (int p = 0; p < 15; p++) {
            lab.period();
        }
        for (int idle : new int[] {1023}) {
            long before = lab.messages;
            lab.setIdle(idle);
            int periods = 0;
            long knowing = 0;
            while (knowing < 0.9 * count && periods < 40) {
                lab.period();
                periods++;
                knowing =
                        lab.nodes.stream()
                                .filter(
                                        n ->
                                                n.loads()
                                                        .facts(Lab.id(idle))
                                                        .map(f -> f.use().runnable() == 0)
                                                        .orElse(false))
                                .count();
            }
            System.out.println(
                    "news of an idle node: nodes="
                            + count
                            + " periods="
                            + periods
                            + " messages per node and period="
                            + (double) (lab.messages - before) / count / periods
                            + " bytes per message="
                            + lab.bytes / lab.messages
                            + " at most="
                            + lab.mostBytes);
            assertThat(periods).isLessThanOrEqualTo(15);
            // one ping and on average one answer
            assertThat((double) (lab.messages - before) / count / periods).isLessThan(2.5);
        }
        assertThat(lab.mostBytes).isLessThanOrEqualTo(GossipCodec.MAX_BYTES);
    }

    @Test
    void shouldKeepTrafficPerNodeConstantWhateverTheSize() {
        double[] perNode = new double[2];
        double[] size = new double[2];
        int[] counts = {32, 256};
        for (int i = 0; i < 2; i++) {
            Lab lab = new Lab(counts[i], 5);
            for (int p = 0; p < 12; p++) {
                lab.period();
            }
            lab.messages = 0;
            lab.bytes = 0;
            for (int p = 0; p < 10; p++) {
                lab.period();
            }
            perNode[i] = lab.messages / 10.0 / counts[i];
            size[i] = (double) lab.bytes / lab.messages;
        }
        assertThat(perNode[1]).isLessThan(perNode[0] * 1.3);
        assertThat(size[1]).isLessThan(size[0] * 1.3);
    }

    @Test
    void shouldKnowEverybodysLoadInASmallCluster() {
        Lab lab = new Lab(16, 2);
        for (int p = 0; p < 12; p++) {
            lab.period();
        }
        long oldest = 0;
        for (GossipNode node : lab.nodes) {
            assertThat(node.loads().size()).isEqualTo(15);
            long[] most = {0};
            node.loads().each(lab.now, (_, age) -> most[0] = Math.max(most[0], age));
            oldest = Math.max(oldest, most[0]);
        }
        assertThat(oldest).isLessThan(12_000L);
    }

    @Test
    void shouldFindOutThatANodeIsDeadAndSuspectNobodyElse() {
        Lab lab = new Lab(64, 3);
        lab.loss = 0.02;
        for (int p = 0; p < 10; p++) {
            lab.period();
        }
        lab.down.add(5);
        int periods = 0;
        while (lab.believing(5, MemberState.DEAD) < 63 && periods < 60) {
            lab.period();
            periods++;
        }
        System.out.println("a dead node of 64 is known to all after periods=" + periods);
        assertThat(periods).isLessThan(40);
        for (int p = 0; p < 20; p++) {
            lab.period();
        }
        for (int i = 0; i < 64; i++) {
            if (i != 5) {
                assertThat(lab.believing(i, MemberState.DEAD)).as("node %d", i).isZero();
            }
        }
        lab.nodes
                .get(0)
                .loads()
                .each(lab.now, (f, _) -> assertThat(f.node()).isNotEqualTo(Lab.id(5)));
    }

    @Test
    void shouldHealWhenHalfOfTheNodesWereCutOff() {
        Lab lab = new Lab(40, 4);
        for (int p = 0; p < 10; p++) {
            lab.period();
        }
        lab.cut = (a, b) -> a < 20 != b < 20;
        for (int p = 0; p < 60; p++) {
            lab.period();
        }
        // each half holds the other one dead, knows itself alive and goes on
        assertThat(lab.believing(0, MemberState.DEAD)).isEqualTo(20);
        assertThat(lab.believing(30, MemberState.DEAD)).isEqualTo(20);
        assertThat(lab.believing(0, MemberState.ALIVE)).isEqualTo(19);
        assertThat(lab.nodes.get(0).loads().size()).isLessThanOrEqualTo(19);

        lab.cut = (_, _) -> false;
        int periods = 0;
        while (periods < 100 && !allAlive(lab)) {
            lab.period();
            periods++;
        }
        System.out.println("two halves of 20 are one again after periods=" + periods);
        assertThat(allAlive(lab)).isTrue();
        for (int p = 0; p < 25; p++) {
            lab.period();
        }
        assertThat(lab.nodes.stream().map(n -> n.loads().size())).containsOnly(39);
    }

    private static boolean allAlive(Lab lab) {
        return lab.nodes.stream()
                .allMatch(n -> n.members().values().stream().allMatch(MemberState.ALIVE::equals));
    }

    @Test
    void shouldLetANodeJoinByOneSeedAndLeaveWithoutBeingSuspected() {
        Lab lab = new Lab(30, 6);
        for (int p = 0; p < 5; p++) {
            lab.period();
        }
        // the last node is started anew and knows only node 0; its clock is set back
        lab.nodes.set(
                29,
                new GossipNode(
                        Lab.id(29), 1, List.of(Lab.id(0)), GossipConfig.USUAL, new Random(1)));
        for (int p = 0; p < 15; p++) {
            lab.period();
        }
        assertThat(lab.nodes.get(29).members()).hasSize(29);
        assertThat(lab.nodes.get(29).loads().size()).isGreaterThan(20);
        // what it tells now counts as newer than what it told before
        assertThat(lab.nodes.get(3).loads().age(Lab.id(29), lab.now).orElseThrow())
                .isLessThan(10_000L);

        lab.deliver(29, lab.nodes.get(29).leave(lab.now));
        lab.down.add(29);
        for (int p = 0; p < 15; p++) {
            lab.period();
        }
        assertThat(lab.believing(29, MemberState.LEFT)).isEqualTo(29);
    }

    @Test
    void shouldTellUrgentFactsAtOnce() {
        Lab lab = new Lab(16, 7);
        for (int p = 0; p < 8; p++) {
            lab.period();
        }
        NodeFacts owner = Lab.facts(3, 8, Doors.OPEN.withOwnerPresent(true));
        List<Outgoing> out = lab.nodes.get(3).publish(owner, lab.now);

        assertThat(out).hasSize(GossipConfig.USUAL.urgentFanout());
        assertThat(out).allMatch(o -> o.message() instanceof GossipMessage.Tell);
        assertThat(out.getFirst().message().payload().facts().getFirst().fact().facts())
                .isEqualTo(owner);
        assertThat(lab.nodes.get(3).publish(owner, lab.now)).isEmpty();
    }

    @Test
    void shouldTellUrgentFactsBeforeOthersAndYoungBeforeOld() {
        LoadTable table = new LoadTable(new NodeId("self"), 100, 120_000, 0);
        for (int i = 0; i < 50; i++) {
            Urgency urgency = i == 20 ? Urgency.URGENT : i == 30 ? Urgency.NEWS : Urgency.ROUTINE;
            table.merge(
                    new AgedFact(
                            new LoadFact(Lab.facts(i, 1, Doors.OPEN), 1, 0, urgency),
                            1000 + i * 100),
                    1_000_000);
        }
        List<NodeId> told =
                table.select(4, false, 50, 1_000_000).stream()
                        .map(f -> f.fact().facts().node())
                        .toList();

        assertThat(told).containsExactly(Lab.id(20), Lab.id(30), Lab.id(0), Lab.id(1));
    }

    @Test
    void shouldKeepAgesByItsOwnClockAndTheNewestFactsOnly() {
        LoadTable table = new LoadTable(new NodeId("self"), 3, 10_000, 0);
        LoadFact one = new LoadFact(Lab.facts(1, 1, Doors.OPEN), 5, 0, Urgency.ROUTINE);
        assertThat(table.merge(new AgedFact(one, 2000), 100_000)).isTrue();
        assertThat(table.age(Lab.id(1), 103_000)).contains(5000L);
        assertThat(table.merge(new AgedFact(one, 0), 104_000)).as("same version").isFalse();
        assertThat(
                        table.merge(
                                new AgedFact(
                                        new LoadFact(
                                                Lab.facts(2, 1, Doors.OPEN), 1, 0, Urgency.ROUTINE),
                                        20_000),
                                104_000))
                .as("too old")
                .isFalse();
        for (int i = 2; i < 6; i++) {
            table.merge(
                    new AgedFact(
                            new LoadFact(Lab.facts(i, 1, Doors.OPEN), 1, 0, Urgency.ROUTINE), 0),
                    104_000 + i);
        }
        assertThat(table.size()).isEqualTo(3);
        assertThat(table.facts(Lab.id(1))).isEmpty();
        int[] seen = {0};
        table.each(200_000, (_, _) -> seen[0]++);
        assertThat(seen[0]).as("all are too old").isZero();
    }

    @Test
    void shouldSpreadANewerPolicyVersion() {
        Lab lab = new Lab(20, 8);
        lab.nodes.get(4).obeys(7);
        for (int p = 0; p < 3; p++) {
            lab.period();
        }
        int asked = 0;
        for (int p = 0; p < 10; p++) {
            for (GossipNode node : lab.nodes) {
                if (node.takeNewerPolicyAt().isPresent()) {
                    asked++;
                    node.obeys(7);
                }
            }
            lab.period();
        }
        assertThat(asked).isEqualTo(19);
    }

    @Test
    void shouldSpeakTheFormatOfTheFirstRelease() {
        GossipMessage.Ping ping =
                new GossipMessage.Ping(
                        258,
                        new GossipMessage.Payload(
                                3,
                                List.of(new Rumor(new NodeId("a"), MemberState.SUSPECT, 9)),
                                List.of(
                                        new AgedFact(
                                                new LoadFact(
                                                        Lab.facts(1, 2.5, Doors.OPEN),
                                                        77,
                                                        4,
                                                        Urgency.NEWS),
                                                1500))));
        byte[] wire = GossipCodec.encode(ping);

        assertThat(HexFormat.of().formatHex(wire))
                .isEqualTo(
                        "01010000000000000102000000000000000301016101000000000000000901"
                                + "056e3030303133"
                                + "000000000000004d04000005dc10408000003f80000000800000"
                                + "4020000000400000"
                                + "1a0000000100100000"
                                + "0000000000000000");
        GossipMessage.Ping back = (GossipMessage.Ping) GossipCodec.decode(wire);
        assertThat(back.number()).isEqualTo(258);
        assertThat(back.payload().rumors()).isEqualTo(ping.payload().rumors());
        assertThat(back.payload().facts().getFirst().fact().facts().use().runnable())
                .isEqualTo(2.5);
        // a newer release may add behind what this one knows
        assertThat(GossipCodec.decode(Arrays.copyOf(wire, wire.length + 5))).isEqualTo(back);
    }

    @Test
    void shouldRefuseGarbageWithoutHarm() {
        Lab lab = new Lab(8, 9);
        for (int p = 0; p < 3; p++) {
            lab.period();
        }
        byte[] good = GossipCodec.encode(lab.nodes.get(0).tick(lab.now).getFirst().message());
        Random random = new Random(3);
        int understood = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = Arrays.copyOf(good, random.nextInt(good.length + 1));
            for (int c = 0; c < 4 && bad.length > 0; c++) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            }
            try {
                lab.nodes.get(1).receive(Lab.id(0), GossipCodec.decode(bad), lab.now);
                understood++;
            } catch (GossipCodec.MalformedException e) {
                assertThat(e).hasMessageContaining("gossip");
            }
        }
        assertThat(understood).isLessThan(20_000);
        byte[] other = good.clone();
        other[0] = 9;
        assertThatThrownBy(() -> GossipCodec.decode(other))
                .hasMessageContaining("bring all nodes to the same release");
    }
}
