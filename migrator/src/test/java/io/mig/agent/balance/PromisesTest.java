package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.balance.view.Announced;
import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.Psi;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class PromisesTest {
    private static final NodeId NODE = new NodeId("liar");
    private static final HomePid PROCESS = new HomePid(new NodeId("home"), 7, 7);

    private final Promises promises = new Promises();
    private long now = 1000;

    /** A node of one processor of speed 0.4 that says that so many programs want it. */
    private static NodeView says(double runnable) {
        return NodeView.of(
                new NodeFacts(
                        NODE,
                        new NodeCapacity(1, 0.4, 1L << 30),
                        new NodeUse(runnable, 1L << 29, new Psi(0, 0, 0), 1),
                        Doors.OPEN),
                0);
    }

    /** What comes of an arrival that had a share of the processor. */
    private Optional<String> arrival(NodeView before, double had, NodeView after) {
        promises.made(PROCESS, before, 1, now);
        assertThat(promises.due(now)).isEmpty();
        now += Promises.CHECK_MILLIS;
        List<Promises.Promise> due = promises.due(now);
        assertThat(due).hasSize(1);
        assertThat(promises.due(now)).isEmpty();
        return promises.settle(due.getFirst(), new Promises.Progress(had * 4, 4), after, now);
    }

    @Test
    void shouldTellOnceWhenANodeThatClaimsToBeIdleIsFull() {
        assertThat(arrival(says(0), 0.05, says(0))).isEmpty();
        assertThat(promises.doubts(List.of(NODE), now)).isEmpty();
        Optional<String> told = Optional.empty();
        int arrivals = 1;
        while (told.isEmpty()) {
            told = arrival(says(0), 0.05, says(0));
            arrivals++;
        }

        assertThat(arrivals).isLessThanOrEqualTo(3);
        assertThat(told.orElseThrow()).contains("liar gave home:7 a speed of 0.05", "0.40");
        assertThat(promises.doubts(List.of(NODE), now).get(NODE))
                .contains(arrivals + " arrivals much less speed");
        assertThat(arrival(says(0), 0.05, says(0))).isEmpty();
        assertThat(promises.trust(NODE, now)).isLessThan(0.5);
        assertThat(promises.trust(NODE, now + 7_200_000)).isGreaterThan(0.99);
    }

    @Test
    void shouldNotBlameWhoBecameFullHonestly() {
        for (int i = 0; i < 9; i++) {
            assertThat(arrival(says(0), 0.05, says(8))).isEmpty();
            assertThat(arrival(says(7), 0.05, says(0))).isEmpty();
            assertThat(arrival(says(0).withAnnounced(new Announced(7, 7, 0)), 0.05, says(0)))
                    .isEmpty();
        }
        assertThat(promises.trust(NODE, now)).isEqualTo(1);
    }

    @Test
    void shouldBlameNobodyForAProcessThatHardlyWantedToRun() {
        promises.made(PROCESS, says(0), 1, now);
        Promises.Promise promise = promises.due(now + Promises.CHECK_MILLIS).getFirst();

        promises.settle(promise, new Promises.Progress(0, 0.5), says(0), now);

        assertThat(promises.trust(NODE, now)).isEqualTo(1);
    }
}
