package io.mig.balance.decide;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.balance.policy.Policy;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.Partner;
import io.mig.balance.view.ProcessView;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a process exchanges with others pulls it to them, and never away from them. */
final class PartnersPropertyTest {
    private static final int TRIES = 3000;
    private static final double MUCH = 80e6;

    private static ProcessView talking(ProcessView p, NodeId to) {
        List<Partner> all = new ArrayList<>(p.partners());
        all.add(new Partner(to, MUCH));
        return p.withPartners(all);
    }

    @Test
    void shouldBeWorthMoreWhereItsPartnersAreAndLessElsewhere() {
        int[] seen = {0};
        Tries.forAll(
                TRIES,
                r -> {
                    ClusterView view = Clusters.random(r);
                    Policy policy = Clusters.randomPolicy(r);
                    Round round = new Round(view, policy);
                    Judge judge = new Judge(round);
                    List<NodeId> nodes = List.copyOf(view.nodes().keySet());
                    for (ProcessView p : view.processes()) {
                        NodeId partner = nodes.get(r.nextInt(nodes.size()));
                        ProcessView more = talking(p, partner);
                        ProcessTerms terms =
                                ProcessTerms.of(policy, p, round.own.view, round.cluster);
                        for (Standing target : round.all) {
                            Estimate less = judge.estimate(p, terms, target);
                            Estimate much = judge.estimate(more, terms, target);
                            double before = less.speedThere() / less.speedHere();
                            double after = much.speedThere() / much.speedHere();
                            boolean here = target.view.node().equals(view.self());
                            if (target.view.node().equals(partner)) {
                                assertThat(after).isGreaterThanOrEqualTo(before * 0.999999);
                            } else if (partner.equals(view.self()) && !here) {
                                seen[0]++;
                                assertThat(after).isLessThan(before);
                            }
                        }
                    }
                });
        assertThat(seen[0]).isGreaterThan(TRIES / 10);
    }

    @Test
    void shouldNotLeaveByChoiceBecauseItsPartnerIsHere() {
        int[] stayed = {0};
        int[] held = {0};
        Tries.forAll(
                TRIES,
                r -> {
                    ClusterView view = Clusters.random(r);
                    Policy policy = Clusters.randomPolicy(r);
                    for (ProcessView p : view.processes()) {
                        if (leaves(view, policy, p)) {
                            held[0] += leaves(view, policy, talking(p, view.self())) ? 0 : 1;
                        } else {
                            stayed[0]++;
                            assertThat(leaves(view, policy, talking(p, view.self()))).isFalse();
                        }
                    }
                });
        assertThat(stayed[0]).isGreaterThan(TRIES / 10);
        assertThat(held[0]).as("kept together").isPositive();
    }

    private static boolean leaves(ClusterView view, Policy policy, ProcessView p) {
        ClusterView alone =
                new ClusterView(
                        view.self(),
                        view.nowMillis(),
                        view.nodes(),
                        List.of(p),
                        view.ownerSinceMillis(),
                        view.drainDeadlineMillis());
        Decision decision = Decider.decide(alone, policy, Holds.NONE);
        List<Proposal> all = new ArrayList<>(decision.proposals());
        all.addAll(decision.waiting());
        return all.stream().anyMatch(proposal -> !proposal.reason().mandatory());
    }
}
