package io.mig.agent.balance;

import io.mig.balance.decide.ArrivalRequest;
import io.mig.balance.decide.MoveCost;
import io.mig.balance.view.Announced;
import io.mig.balance.view.Link;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.PastMove;
import io.mig.migration.Calls;
import io.mig.migration.Protos;
import io.mig.model.HomePid;
import io.mig.model.MigException;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import io.mig.wire.proto.ArrivalAsk;
import io.mig.wire.proto.ArrivalOver;
import io.mig.wire.proto.ArrivalReply;
import io.mig.wire.proto.MoveReply;
import io.mig.wire.proto.MoveRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Moves that this node has begun by its own decision: one at a time to each node, each asked for
 * first. One owner thread; the moves themselves run on threads of their own and report to it.
 */
final class Departures {
    private static final Duration MOVE = Duration.ofMinutes(30);
    private static final long FORGET_MILLIS = 10_000;

    /** So many a move has while it is frozen, says the predictor. */
    private static final double ROUND_TRIPS = 4;

    private final Calls calls;
    private final Clock clock;
    private final Executor owner;
    private final Map<HomePid, NodeId> underWay = new HashMap<>();
    private final Map<NodeId, Sent> sent = new HashMap<>();
    private final Map<NodeId, Latency> latencies = new HashMap<>();

    /** What was sent to a node and may not be in its facts yet. */
    private record Sent(long atMillis, Announced announced) {}

    /** What moves to a node took beyond what the predictor knows of, lately. */
    private record Latency(double rttMillis, long atMillis) {}

    /** A move to be made. */
    record Order(ArrivalRequest request, List<PastMove> history, NodeId to, String reason) {
        HomePid process() {
            return request.process().process();
        }

        /** Whether it is a program that has not begun yet. */
        boolean isBirth() {
            return request.reason().isEmpty();
        }
    }

    /** What became of it. */
    sealed interface End {
        Order order();

        record Moved(Order order, double freezeMillis, double totalMillis) implements End {}

        record Refused(Order order, String why, Optional<NodeFacts> facts) implements End {}

        record Busy(Order order, long retryMillis) implements End {}

        record Failed(Order order, String why, boolean soon) implements End {}
    }

    /**
     * @param owner runs what changes the balancer's state
     */
    Departures(Calls calls, Clock clock, Executor owner) {
        this.calls = calls;
        this.clock = clock;
        this.owner = owner;
    }

    boolean isUnderWay(HomePid process) {
        return underWay.containsKey(process);
    }

    int count() {
        return underWay.size();
    }

    boolean lineIsBusy(NodeId to) {
        return underWay.containsValue(to);
    }

    /** What a node has been sent since its facts of this age were measured. */
    Announced announced(NodeId node, long factAgeMillis, long nowMillis) {
        Sent mine = sent.get(node);
        if (mine == null || mine.atMillis < nowMillis - FORGET_MILLIS) {
            return Announced.NOTHING;
        }
        // a fact that is younger than what was sent has it in it already
        return mine.atMillis > nowMillis - factAgeMillis ? mine.announced : Announced.NOTHING;
    }

    /**
     * The way to a node as the last moves found it: agents that have to wait for a processor make
     * every round trip long, which a ping does not show. Forgotten by half each minute.
     */
    Link link(NodeId to, long nowMillis) {
        Latency known = latencies.get(to);
        if (known == null) {
            return Link.USUAL;
        }
        double rtt = known.rttMillis * Math.pow(0.5, (nowMillis - known.atMillis) / 60_000.0);
        return new Link(
                Link.USUAL.bytesPerSecond(),
                Math.max(Link.USUAL.rttMillis(), Math.min(rtt, 5000)),
                Link.USUAL.live());
    }

    private void learn(Order order, double freezeMillis) {
        long now = clock.millis();
        var usage = order.request.process().usage();
        double expected =
                MoveCost.predict(usage, new Link(Link.USUAL.bytesPerSecond(), 0, Link.USUAL.live()))
                        .freezeSeconds();
        double extra = Math.max(0, freezeMillis - expected * 1000) / ROUND_TRIPS;
        double before = link(order.to, now).rttMillis();
        latencies.put(order.to, new Latency((before + extra) / 2, now));
    }

    /** Begins; {@code ended} is called by the owner. */
    void begin(Order order, Consumer<End> ended) {
        begin(order, this::move, ended);
    }

    /**
     * Begins to start a new program elsewhere.
     *
     * @param start does it, once the target has said yes; blocks, on a thread of its own
     */
    void born(Order order, Function<Order, End> start, Consumer<End> ended) {
        noteSent(order); // at once: a crowd of new programs must not all go to one node
        begin(order, start, ended);
    }

    private void begin(Order order, Function<Order, End> move, Consumer<End> ended) {
        underWay.put(order.process(), order.to());
        ArrivalAsk ask = BalanceProtos.ask(order.request, order.history);
        Thread.ofVirtual()
                .name("leave-" + order.process().brief())
                .start(
                        () -> {
                            End end = run(order, ask, move);
                            owner.execute(
                                    () -> {
                                        underWay.remove(order.process());
                                        if (end instanceof End.Moved moved && !order.isBirth()) {
                                            learn(order, moved.freezeMillis);
                                        }
                                        ended.accept(end);
                                    });
                        });
    }

    private End run(Order order, ArrivalAsk ask, Function<Order, End> move) {
        long ticket = 0;
        try {
            ArrivalReply reply = calls.ask(order.to, ask, ArrivalReply.class);
            switch (reply.getAnswerCase()) {
                case ACCEPTED -> ticket = reply.getAccepted().getTicket();
                case REFUSED -> {
                    return new End.Refused(
                            order,
                            reply.getRefused().getWhy(),
                            BalanceProtos.facts(order.to, reply.getRefused().getFacts()));
                }
                case BUSY -> {
                    return new End.Busy(
                            order, Math.clamp(reply.getBusy().getRetryMillis(), 100, 10_000));
                }
                case ANSWER_NOT_SET -> {
                    return new End.Failed(order, order.to + " gave no answer", true);
                }
            }
            if (!order.isBirth()) {
                owner.execute(() -> noteSent(order));
            }
            return move.apply(order);
        } catch (MigException e) {
            if (ticket != 0) {
                calls.tell(order.to, ArrivalOver.newBuilder().setTicket(ticket).build());
            }
            return new End.Failed(order, String.valueOf(e.getMessage()), e.retryable());
        } catch (RuntimeException e) {
            return new End.Failed(order, String.valueOf(e), false);
        }
    }

    private End move(Order order) {
        MoveReply reply =
                calls.ask(
                        order.process().home(),
                        MoveRequest.newBuilder()
                                .setProcess(Protos.process(order.process()))
                                .setTo(order.to.name())
                                .setReason(order.reason)
                                .setMoveId(MoveId.random().toString())
                                .setOrigin(calls.self().name())
                                .build(),
                        MoveReply.class,
                        MOVE);
        return new End.Moved(
                order,
                reply.getReport().getFreezeMicros() / 1000.0,
                reply.getReport().getTotalMicros() / 1000.0);
    }

    private void noteSent(Order order) {
        var usage = order.request.process().usage();
        long now = clock.millis();
        Sent before = sent.get(order.to);
        Announced known =
                before == null || before.atMillis < now - FORGET_MILLIS
                        ? Announced.NOTHING
                        : before.announced;
        sent.put(order.to, new Sent(now, known.plus(usage.demand(), usage.rssBytes())));
    }
}
