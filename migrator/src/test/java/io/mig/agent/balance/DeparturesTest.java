package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.balance.decide.ArrivalRequest;
import io.mig.balance.decide.Reason;
import io.mig.balance.view.Announced;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Usage;
import io.mig.migration.Calls;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.wire.proto.ArrivalAccepted;
import io.mig.wire.proto.ArrivalAsk;
import io.mig.wire.proto.ArrivalBusy;
import io.mig.wire.proto.ArrivalOver;
import io.mig.wire.proto.ArrivalRefused;
import io.mig.wire.proto.ArrivalReply;
import io.mig.wire.proto.MoveReply;
import io.mig.wire.proto.MoveReport;
import io.mig.wire.proto.MoveRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Home, source and target are one node here: what is asked is answered by this test. */
@Timeout(30)
class DeparturesTest {
    private static final NodeId NODE = new NodeId("a");
    private static final HomePid PROCESS = new HomePid(NODE, 17, 4);
    private static final long TICKET = 77;

    private final Calls calls = new Calls(new LonelyNetwork(NODE), Duration.ofSeconds(5));
    private final Clock clock = new Clock();
    private final BlockingQueue<Runnable> owner = new LinkedBlockingQueue<>();
    private final Departures departures = new Departures(calls, clock, owner::add);
    private final List<Departures.End> ends = new ArrayList<>();
    private final BlockingQueue<Long> over = new LinkedBlockingQueue<>();

    private static Departures.Order order() {
        ProcessView process =
                ProcessView.of(PROCESS, NODE, "perl", "anna", new Usage(1, 1 << 20, 1e12, 0, 7), 5);
        return new Departures.Order(
                new ArrivalRequest(process, Optional.of(Reason.BALANCE_CPU), 0.25),
                List.of(),
                NODE,
                "BALANCE_CPU: because");
    }

    private void target(ArrivalReply reply) {
        calls.serve(ArrivalAsk.class, (_, _) -> reply);
        calls.listen(ArrivalOver.class, (_, gone) -> over.add(gone.getTicket()));
    }

    private static ArrivalReply accepted() {
        return ArrivalReply.newBuilder()
                .setAccepted(ArrivalAccepted.newBuilder().setTicket(TICKET))
                .build();
    }

    /** Does what the owner thread would until the move has ended. */
    private Departures.End end() throws InterruptedException {
        while (ends.isEmpty()) {
            Runnable work = owner.poll(10, TimeUnit.SECONDS);
            assertThat(work).as("something to do for the owner").isNotNull();
            if (work != null) {
                work.run();
            }
        }
        return ends.getFirst();
    }

    @Test
    void shouldMoveAndRememberWhenTheTargetAccepts() throws InterruptedException {
        target(accepted());
        calls.serve(
                MoveRequest.class,
                (_, request) -> {
                    assertThat(request.getReason()).isEqualTo("BALANCE_CPU: because");
                    return MoveReply.newBuilder()
                            .setReport(
                                    MoveReport.newBuilder()
                                            .setFreezeMicros(900_000)
                                            .setTotalMicros(1_500_000))
                            .build();
                });
        departures.begin(order(), ends::add);
        assertThat(departures.isUnderWay(PROCESS)).isTrue();
        assertThat(departures.lineIsBusy(NODE)).isTrue();
        assertThat(departures.count()).isEqualTo(1);

        assertThat(end())
                .isInstanceOfSatisfying(
                        Departures.End.Moved.class,
                        moved -> {
                            assertThat(moved.freezeMillis()).isEqualTo(900);
                            assertThat(moved.totalMillis()).isEqualTo(1500);
                        });
        assertThat(departures.isUnderWay(PROCESS)).isFalse();
        long now = clock.millis();
        assertThat(departures.announced(NODE, 5000, now).runnable())
                .as("facts of before do not have it")
                .isEqualTo(1);
        assertThat(departures.announced(NODE, 0, now)).isEqualTo(Announced.NOTHING);
        assertThat(departures.link(NODE, now).rttMillis())
                .as("a move that took long tells that the way is long")
                .isGreaterThan(50);
    }

    @Test
    void shouldHandOnWhyWhenTheTargetRefuses() throws InterruptedException {
        target(
                ArrivalReply.newBuilder()
                        .setRefused(ArrivalRefused.newBuilder().setWhy("CORDONED"))
                        .build());
        departures.begin(order(), ends::add);

        assertThat(end())
                .isInstanceOfSatisfying(
                        Departures.End.Refused.class,
                        refused -> {
                            assertThat(refused.why()).isEqualTo("CORDONED");
                            assertThat(refused.facts()).isEmpty();
                        });
        assertThat(departures.announced(NODE, 5000, clock.millis())).isEqualTo(Announced.NOTHING);
    }

    @Test
    void shouldWaitWithinBoundsWhenTheTargetIsBusy() throws InterruptedException {
        target(
                ArrivalReply.newBuilder()
                        .setBusy(ArrivalBusy.newBuilder().setRetryMillis(Long.MAX_VALUE))
                        .build());
        departures.begin(order(), ends::add);

        assertThat(end())
                .isInstanceOfSatisfying(
                        Departures.End.Busy.class,
                        busy -> assertThat(busy.retryMillis()).isEqualTo(10_000));
    }

    @Test
    void shouldGiveTheRoomBackWhenTheMoveFails() throws InterruptedException {
        target(accepted());
        calls.serve(
                MoveRequest.class,
                (_, _) -> {
                    throw new RefusedException(ErrorCode.NOT_FOUND, "it has ended");
                });
        departures.begin(order(), ends::add);

        assertThat(end())
                .isInstanceOfSatisfying(
                        Departures.End.Failed.class,
                        failed -> assertThat(failed.why()).contains("it has ended"));
        assertThat(over.poll(10, TimeUnit.SECONDS)).isEqualTo(TICKET);
        assertThat(departures.count()).isZero();
    }

    @Test
    void shouldFailWhenTheTargetDoesNotKnowTheQuestion() throws InterruptedException {
        departures.begin(order(), ends::add);

        assertThat(end()).isInstanceOf(Departures.End.Failed.class);
    }
}
