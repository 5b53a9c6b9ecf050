package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mig.balance.decide.ArrivalRequest;
import io.mig.balance.decide.Reason;
import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.PastMove;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Psi;
import io.mig.balance.view.Usage;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.wire.proto.ArrivalAsk;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BalanceProtosTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");

    private static ArrivalRequest request() {
        ProcessView process =
                ProcessView.of(
                                new HomePid(A, 17, 4),
                                A,
                                "perl",
                                "anna",
                                new Usage(1, 1 << 20, 1e12, 0, 7),
                                5)
                        .withMoves(2, List.of(new PastMove(B, A, 100, true)))
                        .withPin(Optional.of(B));
        return new ArrivalRequest(process, Optional.of(Reason.BALANCE_CPU), 0.25);
    }

    @Test
    void shouldReadWhatItWroteWhenNodeAsks() {
        ArrivalRequest request = request();

        ArrivalRequest read =
                BalanceProtos.request(A, BalanceProtos.ask(request, request.process().moves()));

        assertThat(read.process().usage()).isEqualTo(request.process().usage());
        assertThat(read.process().moves()).isEqualTo(request.process().moves());
        assertThat(read.process().pin()).contains(B);
        assertThat(read.process().movesLastHour()).isEqualTo(2);
        assertThat(read.reason()).contains(Reason.BALANCE_CPU);
        assertThat(read.speedHere()).isEqualTo(0.25);
    }

    @Test
    void shouldRefuseWhenFiguresAreImpossible() {
        ArrivalAsk good = BalanceProtos.ask(request(), List.of());

        for (ArrivalAsk bad :
                List.of(
                        good.toBuilder().setDemand(Double.NaN).build(),
                        good.toBuilder().setResidentBytes(-1).build(),
                        good.toBuilder().setReason("BECAUSE").build(),
                        good.toBuilder().setSpeedHere(Double.NaN).build(),
                        good.toBuilder().setCommand("x".repeat(10_000)).build(),
                        good.toBuilder().clearProcess().build())) {
            assertThatThrownBy(() -> BalanceProtos.request(A, bad))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shouldTakeFactsOnlyOfTheirTellerWhenRefused() {
        NodeFacts facts =
                new NodeFacts(
                        A,
                        new NodeCapacity(2, 1, 1 << 30),
                        new NodeUse(1.5, 1 << 29, Psi.NONE, 3),
                        Doors.OPEN);

        assertThat(BalanceProtos.facts(A, BalanceProtos.facts(facts)))
                .map(f -> f.use().guests())
                .contains(3);
        assertThat(BalanceProtos.facts(B, BalanceProtos.facts(facts))).isEmpty();
        assertThat(BalanceProtos.facts(A, com.google.protobuf.ByteString.copyFromUtf8("junk")))
                .isEmpty();
    }
}
