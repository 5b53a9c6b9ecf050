package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.balance.view.PastMove;
import io.mig.model.NodeId;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ResidentTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");

    @Test
    void shouldWaitLongerEachTimeWhenMovesFail() {
        Resident r = Resident.born(0);
        long pause = 0;
        for (int i = 0; i < 12; i++) {
            r.failed("no", false, 1000);
            long until = 1000;
            while (r.trouble(until).isPresent()) {
                until += 1000;
            }
            assertThat(until - 1000).isGreaterThanOrEqualTo(pause).isLessThanOrEqualTo(301_000);
            pause = until - 1000;
        }
        assertThat(pause).isGreaterThan(200_000);

        r.tryAgain();

        assertThat(r.trouble(1000)).isEmpty();
    }

    @Test
    void shouldCountMovesOfLastHourOnlyWhenHistoryIsOld() {
        PastMove recent = new PastMove(A, B, 1000, false);
        PastMove old = new PastMove(B, A, 3_599_000, true);
        Resident r = Resident.arrived(10_000_000, 3, 2, List.of(recent, old), Optional.empty());

        assertThat(r.movesLastHour(10_000_000)).isEqualTo(2);
        assertThat(r.movesLastHour(10_002_000)).isEqualTo(1);
        assertThat(r.history(10_002_000))
                .extracting(PastMove::agoMillis)
                .containsExactly(3000L, 3_601_000L);
        assertThat(r.residencyMillis(10_002_000)).isEqualTo(2000);
    }
}
