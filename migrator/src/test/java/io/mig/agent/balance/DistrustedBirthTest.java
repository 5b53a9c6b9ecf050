package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.balance.decide.Birth;
import io.mig.balance.decide.NewProgram;
import io.mig.balance.decide.Placement;
import io.mig.balance.policy.Policy;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.Psi;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** New programs do not begin on a node that has broken its word, as long as that is a choice. */
final class DistrustedBirthTest {
    private static final NodeId HOME = new NodeId("home");
    private static final NodeId LIAR = new NodeId("liar");
    private static final NodeId HONEST = new NodeId("honest");
    private static final long HOUR = 3_600_000;

    private final Promises promises = new Promises();
    private long now = 1000;

    private static NodeView node(NodeId id, double runnable) {
        return NodeView.of(
                new NodeFacts(
                        id,
                        new NodeCapacity(1, 1, 8L << 30),
                        new NodeUse(runnable, 4L << 30, new Psi(0, 0, 0), 0),
                        Doors.OPEN),
                0);
    }

    /** Home is full, the liar says that it is idle, the honest node has a program. */
    private Placement place(Optional<NodeId> on) {
        Map<NodeId, NodeView> nodes =
                Stream.of(node(HOME, 5), node(LIAR, 0), node(HONEST, 1))
                        .map(n -> n.withTrust(promises.trust(n.node(), now)))
                        .collect(
                                Collectors.toMap(
                                        NodeView::node, n -> n, (a, _) -> a, TreeMap::new));
        NewProgram any = NewProgram.of(HOME, "cc", "anna");
        NewProgram program =
                new NewProgram(HOME, "cc", "anna", any.demand(), any.bytes(), any.needs(), on);
        return Birth.place(new ClusterView(HOME, now, nodes, List.of()), Policy.USUAL, program);
    }

    private void breakPromises() {
        for (int i = 0; i < 3; i++) {
            promises.made(new HomePid(HOME, 7 + i, 7), node(LIAR, 0), 1, now);
            now += Promises.CHECK_MILLIS;
            promises.due(now)
                    .forEach(
                            p ->
                                    promises.settle(
                                            p, new Promises.Progress(0.1, 4), node(LIAR, 0), now));
        }
    }

    private static NodeId where(Placement placement) {
        return switch (placement) {
            case Placement.Away away -> away.node();
            case Placement.AtHome _, Placement.Nowhere _ -> HOME;
        };
    }

    @Test
    void shouldBeginElsewhereOnceANodeIsDistrustedAndThereAgainWhenThatHasFaded() {
        assertThat(where(place(Optional.empty()))).isEqualTo(LIAR);
        breakPromises();
        assertThat(promises.doubts(List.of(LIAR), now)).containsKey(LIAR);
        assertThat(where(place(Optional.empty()))).isEqualTo(HONEST);
        now += HOUR;
        assertThat(where(place(Optional.empty()))).isEqualTo(LIAR);
    }

    @Test
    void shouldBeginWhereItsUserWantsAllTheSame() {
        breakPromises();

        assertThat(where(place(Optional.of(LIAR)))).isEqualTo(LIAR);
    }
}
