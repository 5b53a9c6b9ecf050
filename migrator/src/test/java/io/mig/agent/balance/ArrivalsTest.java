package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.balance.decide.ArrivalRequest;
import io.mig.balance.decide.Reason;
import io.mig.balance.policy.Policy;
import io.mig.balance.view.Announced;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Psi;
import io.mig.balance.view.Usage;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.wire.proto.ArrivalReply;
import io.mig.wire.proto.ArrivalReply.AnswerCase;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ArrivalsTest {
    private static final NodeId HERE = new NodeId("here");
    private static final NodeId FROM = new NodeId("from");

    private final Arrivals arrivals = new Arrivals();

    private static HomePid process(int pid) {
        return new HomePid(FROM, pid, 1);
    }

    private ArrivalReply ask(int pid, Optional<Reason> reason) {
        NodeFacts facts =
                new NodeFacts(
                        HERE,
                        new NodeCapacity(64, 1, 64L << 30),
                        new NodeUse(0, 32L << 30, new Psi(0, 0, 0), 0),
                        Doors.OPEN);
        ClusterView view =
                new ClusterView(
                        HERE,
                        1000,
                        Map.of(HERE, NodeView.of(facts, 0).withAnnounced(arrivals.announced())),
                        List.of());
        ProcessView process =
                ProcessView.of(
                        process(pid), FROM, "perl", "anna", new Usage(1, 1 << 20, 0, 0, 9), 9000);
        return arrivals.ask(FROM, new ArrivalRequest(process, reason, 0.1), view, Policy.USUAL);
    }

    @Test
    void shouldTakeTheNextOnesWhenTheFirstHaveCome() {
        for (int pid = 1; pid <= 4; pid++) {
            assertThat(ask(pid, Optional.of(Reason.BALANCE_CPU)).getAnswerCase())
                    .isEqualTo(AnswerCase.ACCEPTED);
        }
        assertThat(ask(5, Optional.of(Reason.BALANCE_CPU)).getAnswerCase())
                .isEqualTo(AnswerCase.BUSY);

        for (int pid = 1; pid <= 4; pid++) {
            assertThat(arrivals.takeResident(process(pid), HERE, 2000)).isPresent();
        }
        arrivals.settle(Set.of(), 2000);

        assertThat(arrivals.announced()).isEqualTo(Announced.NOTHING);
        assertThat(ask(5, Optional.of(Reason.BALANCE_CPU)).getAnswerCase())
                .isEqualTo(AnswerCase.ACCEPTED);
    }

    @Test
    void shouldRememberNoMoveWhenAProgramHasBegunHere() {
        assertThat(ask(7, Optional.empty()).getAnswerCase()).isEqualTo(AnswerCase.ACCEPTED);

        Resident resident = arrivals.takeResident(process(7), HERE, 2000).orElseThrow();

        assertThat(resident.history(2000)).isEmpty();
        assertThat(resident.movesLastHour(2000)).isZero();
    }
}
