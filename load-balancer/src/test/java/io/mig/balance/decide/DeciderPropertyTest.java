package io.mig.balance.decide;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.balance.policy.Automation;
import io.mig.balance.policy.Policy;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.NodeStatus;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.PastMove;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Usage;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/** What must hold for every decision about every cluster. */
final class DeciderPropertyTest {
    private static final int TRIES = 4000;

    /** One proposal with all it came from. */
    private record Case(
            ClusterView view,
            Policy policy,
            Proposal proposal,
            ProcessView process,
            NodeView target) {
        boolean homewards() {
            return target.node().equals(process.process().home());
        }

        /** Home takes back its own, whatever its doors say, when they must leave. */
        boolean lastResort() {
            return homewards()
                    && (proposal.reason() == Reason.NODE_DRAINING
                            || proposal.reason() == Reason.OWNER_RETURNED);
        }
    }

    /** Only its home's pull grows with what it does with files of its home. */
    @Test
    void shouldNeverSendFurtherFromHomeWhoUsesItsFilesMore() {
        Tries.forAll(
                TRIES / 4,
                r -> {
                    ClusterView view = Clusters.random(r);
                    Policy policy = Clusters.randomPolicy(r);
                    Round round = new Round(view, policy);
                    Judge judge = new Judge(round);
                    for (ProcessView p : view.processes()) {
                        ProcessTerms terms =
                                ProcessTerms.of(policy, p, round.own.view, round.cluster);
                        ProcessView more = withHomeIo(p, p.usage().homeBytesPerSecond() + 50e6);
                        for (Standing target : round.all) {
                            Estimate less = judge.estimate(p, terms, target);
                            Estimate much = judge.estimate(more, terms, target);
                            boolean home = target.view.node().equals(p.process().home());
                            double before = less.speedThere() / less.speedHere();
                            double after = much.speedThere() / much.speedHere();
                            if (home) {
                                assertThat(after).isGreaterThanOrEqualTo(before * 0.999999);
                            } else if (!p.isGuest()) {
                                assertThat(after).isLessThan(before);
                            }
                        }
                    }
                });
    }

    private static ProcessView withHomeIo(ProcessView p, double bytesPerSecond) {
        Usage u = p.usage();
        return new ProcessView(
                p.process(),
                p.host(),
                p.command(),
                p.user(),
                new Usage(
                        u.demand(),
                        u.rssBytes(),
                        u.dirtyBytesPerSecond(),
                        bytesPerSecond,
                        u.cpuSeconds()),
                p.needs(),
                p.residencyMillis(),
                p.movesLastHour(),
                p.moves(),
                p.partners(),
                p.obstacle(),
                p.pin(),
                p.maxPauseMillis());
    }

    private static void each(int tries, BiConsumer<SplittableRandom, Case> property) {
        int[] seen = {0};
        Tries.forAll(
                tries,
                r -> {
                    ClusterView view = Clusters.random(r);
                    Policy policy = Clusters.randomPolicy(r);
                    Decision decision = Decider.decide(view, policy, Holds.NONE);
                    List<Proposal> all = new ArrayList<>(decision.proposals());
                    all.addAll(decision.waiting());
                    for (Proposal p : all) {
                        seen[0]++;
                        ProcessView process =
                                view.processes().stream()
                                        .filter(v -> v.process().equals(p.process()))
                                        .findFirst()
                                        .orElseThrow();
                        property.accept(
                                r,
                                new Case(
                                        view,
                                        policy,
                                        p,
                                        process,
                                        view.node(p.target()).orElseThrow()));
                    }
                });
        assertThat(seen[0]).as("proposals looked at").isGreaterThan(tries / 10);
    }

    @Test
    void shouldNeverChooseADeadCordonedClosedOrFullNode() {
        each(
                TRIES,
                (_, c) -> {
                    assertThat(c.target.status()).isEqualTo(NodeStatus.ALIVE);
                    var doors = c.target.facts().doors();
                    assertThat(doors.diskFull()).isFalse();
                    if (c.lastResort()) {
                        return;
                    }
                    NodeTerms terms = NodeTerms.of(c.policy, c.target);
                    assertThat(terms.cordoned()).isFalse();
                    assertThat(doors.draining()).isFalse();
                    assertThat(c.target.ageMillis())
                            .isLessThanOrEqualTo(c.policy.balance().maxFactAge().toMillis());
                    if (!c.homewards()) {
                        assertThat(doors.ownerPresent()).isFalse();
                        assertThat(c.target.facts().use().guests()).isLessThan(terms.maxGuests());
                    }
                });
    }

    @Test
    void shouldNeverFillANodeOverItsReservationNorItsMemoryMark() {
        Tries.forAll(
                TRIES,
                r -> {
                    ClusterView view = Clusters.random(r);
                    Policy policy = Clusters.randomPolicy(r);
                    Map<NodeId, Long> bytes = new HashMap<>();
                    Map<NodeId, Double> demand = new HashMap<>();
                    Map<NodeId, Integer> guests = new HashMap<>();
                    for (Proposal p : Decider.decide(view, policy, Holds.NONE).proposals()) {
                        boolean home = p.target().equals(p.process().home());
                        if (home) {
                            continue;
                        }
                        ProcessView process =
                                view.processes().stream()
                                        .filter(v -> v.process().equals(p.process()))
                                        .findFirst()
                                        .orElseThrow();
                        bytes.merge(p.target(), process.usage().rssBytes(), Long::sum);
                        demand.merge(p.target(), process.usage().demand(), Double::sum);
                        guests.merge(p.target(), 1, Integer::sum);
                    }
                    // all moves of the round together, not only each for itself
                    for (NodeId id : bytes.keySet()) {
                        NodeView t = view.node(id).orElseThrow();
                        NodeTerms terms = NodeTerms.of(policy, t);
                        double left =
                                (double) t.facts().use().availableBytes()
                                        - t.announced().bytes()
                                        - Objects.requireNonNull(bytes.get(id));
                        assertThat(left).isGreaterThanOrEqualTo((double) terms.reservedBytes());
                        assertThat(left)
                                .isGreaterThanOrEqualTo(
                                        policy.memory().keepFree()
                                                * t.facts().capacity().memoryBytes());
                        if (terms.reservedCores() > 0) {
                            assertThat(
                                            t.facts().use().runnable()
                                                    + t.announced().runnable()
                                                    + Objects.requireNonNull(demand.get(id)))
                                    .isLessThanOrEqualTo(
                                            t.facts().capacity().cores()
                                                    - terms.reservedCores()
                                                    + 1e-9);
                        }
                        assertThat(
                                        t.facts().use().guests()
                                                + t.announced().processes()
                                                + Objects.requireNonNull(guests.get(id)))
                                .isLessThanOrEqualTo(terms.maxGuests());
                    }
                });
    }

    @Test
    void shouldNeverMakeTheClusterWorseByItsOwnCostWhenItHasTheChoice() {
        each(
                TRIES,
                (_, c) -> {
                    Reason reason = c.proposal.reason();
                    if (reason.mandatory()
                            || reason == Reason.BRING_BACK
                            || reason == Reason.CONSOLIDATE) {
                        return;
                    }
                    Estimate e = c.proposal.estimate();
                    assertThat(e.clusterAfter()).isLessThan(e.clusterBefore());
                    assertThat(e.secondsSaved()).isPositive();
                    assertThat(e.shareSaved())
                            .isGreaterThanOrEqualTo(c.policy.minimumImprovement());
                });
    }

    @Test
    void shouldKeepEachRuleOfThePolicy() {
        each(
                TRIES,
                (_, c) -> {
                    ProcessView p = c.process;
                    assertThat(p.obstacle()).isEmpty();
                    boolean choice = !c.proposal.reason().mandatory();
                    if (c.policy.dial() == 1) {
                        assertThat(choice && c.proposal.reason() != Reason.BRING_BACK).isFalse();
                    }
                    boolean expected =
                            switch (c.policy.automation()) {
                                case FULL -> true;
                                case PARTIAL -> !choice;
                                case MANUAL ->
                                        EnumSet.of(Reason.OWNER_RETURNED, Reason.NODE_DRAINING)
                                                .contains(c.proposal.reason());
                            };
                    assertThat(c.proposal.automatic()).isEqualTo(expected);
                    if (!c.lastResort()) {
                        p.pin().ifPresent(pin -> assertThat(c.target.node()).isEqualTo(pin));
                        String name = c.target.node().name();
                        for (var rule : c.policy.processes()) {
                            if (rule.names(p)) {
                                assertThat(
                                                rule.never().stream()
                                                        .anyMatch(
                                                                n -> NodeTerms.names(n, c.target)))
                                        .as(name)
                                        .isFalse();
                                assertThat(
                                                rule.only().isEmpty()
                                                        || NodeTerms.anyNames(
                                                                rule.only(), c.target))
                                        .as(name)
                                        .isTrue();
                            }
                        }
                        assertThat(c.target.features().map(f -> f.missing(p.needs())).orElse(""))
                                .isEmpty();
                    }
                    if (choice && c.proposal.reason() != Reason.BRING_BACK) {
                        assertThat(p.residencyMillis())
                                .isGreaterThanOrEqualTo(
                                        c.policy.balance().minimumResidency().toMillis());
                        for (PastMove move : p.moves()) {
                            assertThat(
                                            move.from().equals(c.target.node())
                                                    && move.agoMillis()
                                                            < c.policy
                                                                    .balance()
                                                                    .noReturn()
                                                                    .toMillis())
                                    .as("goes back")
                                    .isFalse();
                        }
                    }
                });
    }

    @Test
    void shouldMoveEachProcessOnceAndNeverToWhereItIs() {
        Tries.forAll(
                TRIES,
                r -> {
                    ClusterView view = Clusters.random(r);
                    Decision d = Decider.decide(view, Clusters.randomPolicy(r), Holds.NONE);
                    Set<HomePid> seen = new HashSet<>();
                    List<Proposal> all = new ArrayList<>(d.proposals());
                    all.addAll(d.waiting());
                    for (Proposal p : all) {
                        assertThat(seen.add(p.process())).isTrue();
                        assertThat(p.target()).isNotEqualTo(view.self());
                        assertThat(p.text()).contains(p.target().name());
                    }
                });
    }

    @Test
    void shouldGiveTheSameOutputForTheSameInputInAnyOrder() {
        Tries.forAll(
                1500,
                r -> {
                    long seed = r.nextLong();
                    ClusterView view = Clusters.random(new SplittableRandom(seed));
                    Policy policy = Clusters.randomPolicy(new SplittableRandom(seed));
                    List<ProcessView> shuffled = new ArrayList<>(view.processes());
                    Collections.shuffle(shuffled, new Random(seed));
                    ClusterView other =
                            new ClusterView(
                                    view.self(),
                                    view.nowMillis(),
                                    new HashMap<>(view.nodes()),
                                    shuffled,
                                    view.ownerSinceMillis(),
                                    view.drainDeadlineMillis());

                    assertThat(Decider.decide(other, policy, Holds.NONE))
                            .isEqualTo(Decider.decide(view, policy, Holds.NONE));
                });
    }

    @Test
    void shouldExplainWhatItDecides() {
        Tries.forAll(
                1000,
                r -> {
                    ClusterView view = Clusters.random(r);
                    Policy policy = Clusters.randomPolicy(r);
                    Decision d = Decider.decide(view, policy, Holds.NONE);
                    for (ProcessView p : view.processes()) {
                        Explanation e = Decider.explain(view, policy, Holds.NONE, p.process());
                        var proposed =
                                d.proposals().stream()
                                        .filter(x -> x.process().equals(p.process()))
                                        .findFirst();
                        assertThat(e.proposal()).isEqualTo(proposed);
                        assertThat(e.nodes()).hasSize(view.nodes().size() - 1);
                        assertThat(e.lines()).allMatch(line -> !line.isBlank());
                        if (proposed.isEmpty()
                                && e.stays().isEmpty()
                                && policy.automation() == Automation.FULL) {
                            assertThat(e.nodes()).allMatch(n -> n.why().isPresent());
                        }
                    }
                });
    }

    @Test
    void shouldPlaceNewProgramsOnlyWhereTheyMayBe() {
        int[] away = {0};
        Tries.forAll(
                TRIES,
                r -> {
                    ClusterView view = Clusters.random(r);
                    Policy policy = Clusters.randomPolicy(r);
                    NewProgram program =
                            new NewProgram(
                                    view.self(),
                                    "make",
                                    "anna",
                                    1,
                                    r.nextLong(0, 4 * Clusters.GIB),
                                    new io.mig.balance.view.Features(
                                            r.nextInt(3) == 0 ? "aarch64" : "", Set.of(), ""),
                                    java.util.Optional.empty());
                    Placement placement = Birth.place(view, policy, program);
                    assertThat(Birth.place(view, policy, program)).isEqualTo(placement);
                    if (placement instanceof Placement.Away to) {
                        away[0]++;
                        NodeView target = view.node(to.node()).orElseThrow();
                        assertThat(to.node()).isNotEqualTo(view.self());
                        assertThat(target.status()).isEqualTo(NodeStatus.ALIVE);
                        assertThat(target.facts().doors().draining()).isFalse();
                        assertThat(NodeTerms.of(policy, target).cordoned()).isFalse();
                        assertThat(target.facts().use().availableBytes() - program.bytes())
                                .isPositive();
                        assertThat(
                                        target.features()
                                                .map(f -> f.missing(program.needs()))
                                                .orElse(""))
                                .isEmpty();
                    }
                });
        assertThat(away[0]).isGreaterThan(100);
    }
}
