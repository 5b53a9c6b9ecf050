package io.mig.agent.balance;

import io.mig.balance.decide.ArrivalAnswer;
import io.mig.balance.decide.ArrivalDesk;
import io.mig.balance.decide.ArrivalRequest;
import io.mig.balance.policy.Policy;
import io.mig.balance.view.Announced;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.PastMove;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.wire.proto.ArrivalAccepted;
import io.mig.wire.proto.ArrivalBusy;
import io.mig.wire.proto.ArrivalRefused;
import io.mig.wire.proto.ArrivalReply;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Processes that others want to send here. One owner thread. */
final class Arrivals {
    private static final long TICKET_MILLIS = 60_000;
    private static final int AT_ONCE = 4;

    private final ArrivalDesk desk = new ArrivalDesk(TICKET_MILLIS, AT_ONCE);
    private final Map<HomePid, Expected> expected = new HashMap<>();

    /** What was told of a process that may come. */
    private record Expected(long ticket, ArrivalRequest request, NodeId from, long atMillis) {}

    Announced announced() {
        return desk.announced();
    }

    /** Answers a node that asks; {@code view} holds fresh figures of this node. */
    ArrivalReply ask(NodeId from, ArrivalRequest request, ClusterView view, Policy policy) {
        return switch (desk.ask(view, policy, request)) {
            case ArrivalAnswer.Accepted(long ticket, long _) -> {
                expected.put(
                        request.process().process(),
                        new Expected(ticket, request, from, view.nowMillis()));
                yield ArrivalReply.newBuilder()
                        .setAccepted(ArrivalAccepted.newBuilder().setTicket(ticket))
                        .build();
            }
            case ArrivalAnswer.Refused(var why, var facts) ->
                    ArrivalReply.newBuilder()
                            .setRefused(
                                    ArrivalRefused.newBuilder()
                                            .setWhy(why.name())
                                            .setFacts(BalanceProtos.facts(facts)))
                            .build();
            case ArrivalAnswer.Busy(long retry) ->
                    ArrivalReply.newBuilder()
                            .setBusy(ArrivalBusy.newBuilder().setRetryMillis(retry))
                            .build();
        };
    }

    /** The asker gave up. */
    void over(NodeId from, long ticket) {
        boolean his = expected.values().removeIf(e -> e.ticket == ticket && e.from.equals(from));
        if (his) {
            desk.settled(ticket);
        }
    }

    /** Bodies that are here now count as load by themselves. */
    void settle(Set<HomePid> here, long nowMillis) {
        desk.expire(nowMillis);
        for (Map.Entry<HomePid, Expected> e : expected.entrySet()) {
            if (here.contains(e.getKey())) {
                desk.settled(e.getValue().ticket);
            }
        }
        expected.values().removeIf(e -> e.atMillis < nowMillis - TICKET_MILLIS);
    }

    /** Whether this process came, or comes, by agreement: so it is managed. */
    boolean knows(HomePid process) {
        return expected.containsKey(process);
    }

    /** What is known of one that has come. */
    Optional<Resident> takeResident(HomePid process, NodeId self, long nowMillis) {
        Expected e = expected.remove(process);
        if (e == null) {
            return Optional.empty();
        }
        desk.settled(e.ticket); // it counts by itself now, and leaves room for the next one
        var view = e.request.process();
        if (e.request.reason().isEmpty()) { // it has begun here
            return Optional.of(Resident.arrived(nowMillis, 0, 0, List.of(), view.pin()));
        }
        List<PastMove> history = new ArrayList<>();
        boolean drained =
                e.request
                        .reason()
                        .map(r -> r == io.mig.balance.decide.Reason.NODE_DRAINING)
                        .orElse(false);
        history.add(new PastMove(e.from, self, 0, drained));
        history.addAll(view.moves());
        return Optional.of(
                Resident.arrived(
                        nowMillis,
                        view.usage().cpuSeconds(),
                        view.movesLastHour() + 1,
                        history,
                        view.pin()));
    }
}
