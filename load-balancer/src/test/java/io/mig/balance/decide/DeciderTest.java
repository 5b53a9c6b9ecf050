package io.mig.balance.decide;

import static io.mig.balance.decide.Clusters.A;
import static io.mig.balance.decide.Clusters.B;
import static io.mig.balance.decide.Clusters.C;
import static io.mig.balance.decide.Clusters.GIB;
import static io.mig.balance.decide.Clusters.node;
import static io.mig.balance.decide.Clusters.process;
import static io.mig.balance.decide.Clusters.view;
import static org.assertj.core.api.Assertions.assertThat;

import io.mig.balance.policy.Automation;
import io.mig.balance.policy.Policy;
import io.mig.balance.policy.PolicyFile;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.Doors;
import io.mig.balance.view.Features;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.PastMove;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Psi;
import io.mig.balance.view.Usage;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class DeciderTest {
    private static final Policy EAGER = Clusters.eager();

    private static List<Proposal> decide(ClusterView view, Policy policy) {
        return Decider.decide(view, policy, Holds.NONE).proposals();
    }

    private static Policy with(String text) {
        return PolicyFile.parse("[balance]\nhold = \"0s\"\n" + text);
    }

    @Test
    void shouldSendOneOfTwoToTheIdleNode() {
        ClusterView v = view(List.of(process(A, A, 1), process(A, A, 2)), node(A, 2), node(B, 0));

        List<Proposal> proposals = decide(v, EAGER);

        assertThat(proposals).hasSize(1);
        assertThat(proposals.getFirst().target()).isEqualTo(B);
        assertThat(proposals.getFirst().reason()).isEqualTo(Reason.BALANCE_CPU);
        assertThat(proposals.getFirst().estimate().speedHere()).isEqualTo(0.5);
        assertThat(proposals.getFirst().estimate().speedThere()).isEqualTo(1);
    }

    @Test
    void shouldMoveNothingWhenAllHaveAProcessor() {
        ClusterView v =
                view(
                        List.of(process(A, A, 1), process(A, A, 2)),
                        node(A, 4, 1, 2, Doors.OPEN),
                        node(B, 4, 1, 0, Doors.OPEN));

        assertThat(decide(v, EAGER)).isEmpty();
        assertThat(
                        Decider.explain(v, EAGER, Holds.NONE, v.processes().getFirst().process())
                                .lines())
                .contains("  b: it would not run faster there (speed 1.00 there, 1.00 here)");
    }

    @Test
    void shouldLeaveWhatWantsNothingWhereItIsHoweverFullTheNode() {
        ProcessView idle =
                ProcessView.of(
                        process(A, A, 1).process(),
                        A,
                        "sleep",
                        "anna",
                        new Usage(0, 1_000_000, 0, 0, 500),
                        60_000);
        ClusterView v = view(List.of(idle), node(A, 9), node(B, 0));

        assertThat(decide(v, EAGER)).isEmpty();
        assertThat(Decider.explain(v, EAGER, Holds.NONE, idle.process()).nodes().getFirst().why())
                .contains(WhyNot.NO_GAIN);
    }

    @Test
    void shouldUseTheFasterProcessorWhenItIsFree() {
        ClusterView v =
                view(
                        List.of(process(A, A, 1)),
                        node(A, 1, 1, 1, Doors.OPEN),
                        node(B, 1, 2, 0, Doors.OPEN));

        assertThat(decide(v, EAGER).getFirst().reason()).isEqualTo(Reason.FASTER_NODE);
    }

    @Test
    void shouldLeaveYoungProcessesAndMoveOldOnes() {
        // 100 MB over 110 MB/s: moving costs about 0.2 s; with 0.1 s of work that never pays
        ProcessView young =
                ProcessView.of(
                        process(A, A, 1).process(),
                        A,
                        "work",
                        "anna",
                        new Usage(1, 100_000_000, 0, 0, 0.1),
                        60_000);
        ClusterView v = view(List.of(young, young(2)), node(A, 2), node(B, 0));

        assertThat(decide(v, EAGER)).isEmpty();
        var why = Decider.explain(v, EAGER, Holds.NONE, young.process());
        assertThat(why.nodes().getFirst().why()).contains(WhyNot.COST_TOO_HIGH);
        assertThat(why.lines().get(1)).contains("has run 0.1 s");
    }

    private static ProcessView young(int pid) {
        return ProcessView.of(
                process(A, A, pid).process(),
                A,
                "work",
                "anna",
                new Usage(1, 100_000_000, 0, 0, 0.1),
                60_000);
    }

    @Test
    void shouldWaitUntilTheImbalanceHasLasted() {
        Policy policy = Policy.USUAL.withBalance(Clusters.hold(java.time.Duration.ofSeconds(1)));
        ClusterView v = view(List.of(process(A, A, 1), process(A, A, 2)), node(A, 2), node(B, 0));
        Decision first = Decider.decide(v, policy, Holds.NONE);
        assertThat(first.proposals()).isEmpty();
        assertThat(first.waiting()).hasSize(1);
        assertThat(
                        Decider.explain(v, policy, Holds.NONE, first.waiting().getFirst().process())
                                .stays())
                .contains(WhyNot.HOLDING);

        ClusterView later = new ClusterView(A, v.nowMillis() + 1000, v.nodes(), v.processes());
        assertThat(Decider.decide(later, policy, first.holds()).proposals()).hasSize(1);

        ClusterView calm = view(List.of(process(A, A, 1)), node(A, 1), node(B, 0));
        Holds broken = Decider.decide(calm, policy, first.holds()).holds();
        assertThat(Decider.decide(later, policy, broken).proposals()).isEmpty();
    }

    @Test
    void shouldCountWhatItSendsSoThatOneNodeIsNotFlooded() {
        List<ProcessView> six = new ArrayList<>();
        for (int i = 1; i <= 6; i++) {
            six.add(process(A, A, i));
        }
        List<Proposal> proposals = decide(view(six, node(A, 6), node(B, 0), node(C, 0)), EAGER);

        // 2 + 2 + 2: the ones after that gain nothing
        assertThat(proposals.stream().filter(p -> p.target().equals(B))).hasSize(2);
        assertThat(proposals.stream().filter(p -> p.target().equals(C))).hasSize(2);
    }

    @Test
    void shouldCountArrivalsThatWereAnnounced() {
        ClusterView v =
                view(
                        List.of(process(A, A, 1), process(A, A, 2)),
                        node(A, 2),
                        node(B, 0)
                                .withAnnounced(
                                        new io.mig.balance.view.Announced(1, 1, 100_000_000)));

        assertThat(decide(v, EAGER)).isEmpty();
    }

    @Test
    void shouldBelieveOldNewsLess() {
        NodeView old = NodeView.of(node(B, 0).facts(), 100_000);
        NodeView fresh = node(C, 0.2);
        ClusterView v = view(List.of(process(A, A, 1), process(A, A, 2)), node(A, 2), old, fresh);

        assertThat(decide(v, EAGER).getFirst().target()).isEqualTo(C);
    }

    @Test
    void shouldSendTheSmallestProcessThatHelpsWhenMemoryRunsOut() {
        NodeView tight = memory(A, 1 * GIB / 10, 0);
        List<ProcessView> ps = List.of(sized(1, GIB / 100), sized(2, GIB), sized(3, 4 * GIB));
        List<Proposal> proposals = decide(view(ps, tight, node(B, 0)), EAGER);

        assertThat(proposals.getFirst().reason()).isEqualTo(Reason.MEMORY_SHORT);
        assertThat(proposals.getFirst().process().pid()).isEqualTo(2);
        // also with dial 1 and when the target is busier: balance plays no part
        assertThat(decide(view(ps, tight, node(B, 7)), EAGER.withDial(1))).hasSize(1);
        // by pressure, although there seems to be enough
        NodeView pressed = memory(A, 3 * GIB, 0.4);
        assertThat(decide(view(ps, pressed, node(B, 7)), EAGER).getFirst().reason())
                .isEqualTo(Reason.MEMORY_SHORT);
    }

    private static NodeView memory(NodeId id, long available, double psi) {
        return NodeView.of(
                new NodeFacts(
                        id,
                        new NodeCapacity(4, 1, 8 * GIB),
                        new NodeUse(1, available, new Psi(0, psi, 0), 0),
                        Doors.OPEN),
                0);
    }

    private static ProcessView sized(int pid, long bytes) {
        return ProcessView.of(
                process(A, A, pid).process(), A, "w", "anna", new Usage(1, bytes, 0, 0, 9), 60_000);
    }

    @Test
    void shouldEmptyADrainingNodeAndBringBackAfterwards() {
        Doors draining = Doors.OPEN.withDraining(true);
        ClusterView v =
                view(
                        List.of(process(A, A, 1), process(B, A, 2)),
                        node(A, 2, 1, 2, draining),
                        node(B, 9),
                        node(C, 9));
        List<Proposal> proposals = decide(v, EAGER.withAutomation(Automation.MANUAL));

        assertThat(proposals)
                .hasSize(2)
                .allMatch(p -> p.reason() == Reason.NODE_DRAINING && p.automatic());

        ProcessView displaced =
                process(B, A, 1).withMoves(1, List.of(new PastMove(B, A, 60_000, true)));
        List<Proposal> back =
                decide(view(List.of(displaced), node(A, 0), node(B, 0), node(C, 0)), EAGER);
        assertThat(back.getFirst().reason()).isEqualTo(Reason.BRING_BACK);
        assertThat(back.getFirst().target()).isEqualTo(B);
    }

    @Test
    void shouldGiveWayToTheOwnerByGrades() {
        Policy policy = with("[[node]]\nowner_first = true\n");
        Doors owner = Doors.OPEN.withOwnerPresent(true);
        ProcessView guest = process(B, A, 1);
        ProcessView local = process(A, A, 2);
        for (long past : new long[] {0, 3000}) {
            ClusterView v =
                    new ClusterView(
                            A,
                            1_000_000 + past,
                            Map.of(A, node(A, 1, 1, 2, owner), B, node(B, 0)),
                            List.of(guest, local),
                            OptionalLong.of(1_000_000),
                            OptionalLong.empty());
            Decision d = Decider.decide(v, policy, Holds.NONE);

            assertThat(d.proposals()).hasSize(1);
            assertThat(d.proposals().getFirst().reason()).isEqualTo(Reason.OWNER_RETURNED);
            assertThat(d.proposals().getFirst().process()).isEqualTo(guest.process());
            assertThat(d.proposals().getFirst().deadlineMillis()).isEqualTo(1_010_000);
            assertThat(d.measures())
                    .extracting(Measure::kind)
                    .containsExactlyElementsOf(
                            past == 0
                                    ? List.of(Measure.Kind.RENICE)
                                    : List.of(Measure.Kind.RENICE, Measure.Kind.FREEZE));
        }
    }

    @Test
    void shouldSendGuestsHomeWhenNobodyElseTakesThem() {
        ClusterView v =
                view(
                        List.of(process(B, A, 1)),
                        node(A, 1, 1, 1, Doors.OPEN.withDraining(true)),
                        node(B, 1, 1, 30, Doors.OPEN.withCordoned(true)));

        assertThat(decide(v, EAGER).getFirst().target()).isEqualTo(B);
    }

    @Test
    void shouldObeyRulesOfProcesses() {
        ClusterView v = view(List.of(process(A, A, 1)), node(A, 0), node(B, 5), node(C, 0));

        assertThat(decide(v, with("[[process]]\nnever = [\"a\"]\n")).getFirst())
                .matches(p -> p.reason() == Reason.SATISFY_RULE && p.target().equals(C));
        assertThat(decide(v, with("[[process]]\nonly = [\"b\"]\n")).getFirst().target())
                .isEqualTo(B);
        assertThat(decide(v, with("[[process]]\nuser = \"bob\"\nnever = [\"a\"]\n"))).isEmpty();
        ClusterView busy =
                view(List.of(process(A, A, 1), process(A, A, 2)), node(A, 2), node(B, 0));
        assertThat(decide(busy, with("[[process]]\npin = true\n"))).isEmpty();
        assertThat(decide(busy, with("[[process]]\nmove_when = \"process.cputime > 1h\"\n")))
                .isEmpty();
        assertThat(decide(busy, with("[[process]]\nmax_pause = \"10ms\"\n"))).isEmpty();
        assertThat(decide(busy, with("[automation]\ndial = 1\n"))).isEmpty();
        ClusterView together =
                view(
                        List.of(process(A, A, 1), process(A, A, 2)),
                        node(A, 8, 1, 2, Doors.OPEN),
                        node(B, 8, 1, 0, Doors.OPEN));
        assertThat(decide(together, with("[[process]]\napart = true\n"))).hasSize(1);
    }

    @Test
    void shouldGoToThePreferredNodeWhenItIsAsGood() {
        ClusterView v =
                view(
                        List.of(process(A, A, 1)),
                        node(A, 4, 1, 1, Doors.OPEN),
                        node(B, 4, 1, 0, Doors.OPEN));

        assertThat(decide(v, with("[[process]]\nprefer = [\"b\"]\n")).getFirst().target())
                .isEqualTo(B);
    }

    @Test
    void shouldGoHomeToItsFiles() {
        ProcessView reader =
                ProcessView.of(
                        process(B, A, 1).process(),
                        A,
                        "grep",
                        "anna",
                        new Usage(1, 10_000_000, 0, 60e6, 60),
                        60_000);
        List<Proposal> proposals =
                decide(
                        view(
                                List.of(reader),
                                node(A, 4, 1, 1, Doors.OPEN),
                                node(B, 4, 1, 1, Doors.OPEN)),
                        EAGER);

        assertThat(proposals.getFirst().reason()).isEqualTo(Reason.NEAR_FILES);
    }

    @Test
    void shouldNotSendAwayWhoLivesOnFilesOfItsHome() {
        NodeView home = node(A, 4, 1, 4.5, Doors.OPEN);
        NodeView other = node(B, 4, 1.3, 1, Doors.OPEN);

        assertThat(decide(view(List.of(readsAtHome(0)), home, other), EAGER)).hasSize(1);
        assertThat(decide(view(List.of(readsAtHome(60e6)), home, other), EAGER)).isEmpty();
    }

    private static ProcessView readsAtHome(double bytesPerSecond) {
        return ProcessView.of(
                process(A, A, 1).process(),
                A,
                "grep",
                "anna",
                new Usage(1, 10_000_000, 0, bytesPerSecond, 60),
                60_000);
    }

    @Test
    void shouldEmptyANodeWithLittleToDoWhenPacking() {
        Policy pack = with("spread = \"pack\"\n");
        ClusterView v =
                view(
                        List.of(process(A, A, 1)),
                        node(A, 8, 1, 1, Doors.OPEN),
                        node(B, 8, 1, 5, Doors.OPEN),
                        node(C, 8, 1, 2, Doors.OPEN));

        assertThat(decide(v, pack).getFirst())
                .matches(p -> p.reason() == Reason.CONSOLIDATE && p.target().equals(B));
        assertThat(
                        decide(
                                view(
                                        List.of(process(A, A, 1)),
                                        node(A, 8, 1, 1, Doors.OPEN),
                                        node(B, 8, 1, 6.5, Doors.OPEN)),
                                pack))
                .isEmpty();
    }

    @Test
    void shouldNotBelieveANodeThatBrokeItsWord() {
        TrustLedger ledger = new TrustLedger();
        for (int i = 0; i < 10; i++) {
            ledger.observe(B, 1, 0.1, 0);
        }
        ClusterView v =
                view(
                        List.of(process(A, A, 1), process(A, A, 2)),
                        node(A, 2),
                        node(B, 0).withTrust(ledger.of(B, 0)),
                        node(C, 0));

        assertThat(decide(v, EAGER).getFirst().target()).isEqualTo(C);
        assertThat(ledger.of(B, 0)).isLessThan(0.2);
        assertThat(ledger.of(C, 0)).isEqualTo(1);
    }

    @Test
    void shouldGiveNothingMoreToALiarUntilDistrustHasFaded() {
        TrustLedger ledger = new TrustLedger();
        assertThat(ledger.observe(B, 1, 0.7, 0)).as("shared for a while").isFalse();
        int arrivals = 0;
        while (ledger.of(B, 0) >= TrustLedger.LEAST) {
            assertThat(ledger.observe(B, 1, 0.2, 0)).isTrue();
            arrivals++;
        }
        ClusterView v =
                view(
                        List.of(process(A, A, 1), process(A, A, 2), process(A, A, 3)),
                        node(A, 3),
                        node(B, 0).withTrust(ledger.of(B, 0)));

        assertThat(arrivals).isLessThanOrEqualTo(3);
        assertThat(ledger.broken(B)).isEqualTo(arrivals);
        assertThat(decide(v, EAGER)).isEmpty();
        assertThat(
                        Decider.explain(v, EAGER, Holds.NONE, v.processes().getFirst().process())
                                .lines())
                .anyMatch(
                        line -> line.contains("much less speed than it tells of (trusted at 0.4"));
        assertThat(ledger.of(B, 3_600_000)).isGreaterThan(0.95);
    }

    @Test
    void shouldStartAwayOnlyWhenThereIsNoRoomAtHome() {
        ClusterView free = view(List.of(), node(A, 0), node(B, 0));
        ClusterView busy = view(List.of(), node(A, 1), node(B, 0));
        NewProgram program = NewProgram.of(A, "cc", "anna");

        assertThat(Birth.place(free, EAGER, program)).isInstanceOf(Placement.AtHome.class);
        assertThat(Birth.place(busy, EAGER, program))
                .isEqualTo(new Placement.Away(B, 0.5, 1, "runs at 1.00 instead of 0.50"));
    }

    @Test
    void shouldStartForeignProgramsWhereTheyRunOrSayThatThereIsNoSuchNode() {
        Features arm = new Features("aarch64", Set.of(), "");
        Features intel = new Features("x86_64", Set.of(), "");
        NewProgram program = new NewProgram(A, "tool", "anna", 1, 0, arm, Optional.empty());
        ClusterView with =
                view(List.of(), node(A, 0).withFeatures(intel), node(B, 3).withFeatures(arm));
        ClusterView without =
                view(List.of(), node(A, 0).withFeatures(intel), node(B, 0).withFeatures(intel));

        assertThat(Birth.place(with, EAGER, program))
                .isInstanceOfSatisfying(
                        Placement.Away.class, a -> assertThat(a.node()).isEqualTo(B));
        assertThat(Birth.place(without, EAGER, program))
                .isEqualTo(
                        new Placement.Nowhere(
                                Map.of(A, WhyNot.MISSING_FEATURE, B, WhyNot.MISSING_FEATURE)));
    }

    @Test
    void shouldTakeArrivalsOneAtATimeAndOnlyWhenTheyReallyGain() {
        ArrivalDesk desk = new ArrivalDesk(5000, 1);
        ArrivalRequest move =
                new ArrivalRequest(process(B, B, 1), Optional.of(Reason.BALANCE_CPU), 0.5);
        ClusterView idle = view(List.of(), node(A, 0), node(B, 2));

        ArrivalAnswer first = desk.ask(idle, EAGER, move);
        assertThat(first).isInstanceOf(ArrivalAnswer.Accepted.class);
        assertThat(desk.ask(idle, EAGER, move)).isInstanceOf(ArrivalAnswer.Busy.class);
        assertThat(desk.announced().processes()).isEqualTo(1);
        desk.settled(((ArrivalAnswer.Accepted) first).ticket());
        assertThat(desk.announced().processes()).isZero();

        ClusterView busy = view(List.of(), node(A, 1), node(B, 2));
        assertThat(desk.ask(busy, EAGER, move))
                .isInstanceOfSatisfying(
                        ArrivalAnswer.Refused.class,
                        r -> assertThat(r.why()).isEqualTo(WhyNot.NO_GAIN));
        ArrivalRequest forced =
                new ArrivalRequest(process(B, B, 1), Optional.of(Reason.NODE_DRAINING), 0.5);
        assertThat(desk.ask(busy, EAGER, forced)).isInstanceOf(ArrivalAnswer.Accepted.class);
        desk.expire(busy.nowMillis() + 6000);
        assertThat(desk.announced().processes()).isZero();
    }

    @Test
    void shouldPassNewsOverAThousandNodesInLittleTime() {
        Map<NodeId, NodeView> nodes = new TreeMap<>();
        nodes.put(A, node(A, 8));
        for (int i = 0; i < 1000; i++) {
            NodeId id = new NodeId("n" + i);
            nodes.put(id, node(id, i % 7));
        }
        List<ProcessView> processes = new ArrayList<>();
        for (int i = 1; i <= 200; i++) {
            processes.add(process(A, A, i));
        }
        ClusterView v = new ClusterView(A, 1_000_000, nodes, processes);

        List<Proposal> proposals = decide(v, EAGER);

        assertThat(proposals).hasSize(4);
        assertThat(proposals.stream().map(Proposal::target)).doesNotHaveDuplicates();
    }
}
