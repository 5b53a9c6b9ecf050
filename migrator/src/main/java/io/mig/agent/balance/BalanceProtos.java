package io.mig.agent.balance;

import com.google.protobuf.ByteString;
import io.mig.balance.decide.ArrivalRequest;
import io.mig.balance.decide.Reason;
import io.mig.balance.gossip.AgedFact;
import io.mig.balance.gossip.GossipCodec;
import io.mig.balance.gossip.GossipMessage;
import io.mig.balance.gossip.LoadFact;
import io.mig.balance.gossip.Urgency;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.PastMove;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Usage;
import io.mig.migration.Protos;
import io.mig.model.NodeId;
import io.mig.wire.proto.ArrivalAsk;
import io.mig.wire.proto.GossipItem;
import io.mig.wire.proto.PastMoveItem;
import java.util.List;
import java.util.Optional;

/**
 * Between the wire and the types of balancing. Values that no machine can have become {@link
 * IllegalArgumentException}.
 */
final class BalanceProtos {
    private static final int MOST_TEXT = 256;
    private static final int MOST_MOVES = 16;

    private BalanceProtos() {}

    static GossipItem gossip(GossipMessage message) {
        return GossipItem.newBuilder()
                .setBody(ByteString.copyFrom(GossipCodec.encode(message)))
                .build();
    }

    /**
     * @throws GossipCodec.MalformedException when it is none
     */
    static GossipMessage gossip(GossipItem item) {
        return GossipCodec.decode(item.getBody().toByteArray());
    }

    /** One fact in the form that gossip has for it already. */
    static ByteString facts(NodeFacts facts) {
        LoadFact fact = new LoadFact(facts, 0, 0, Urgency.ROUTINE);
        return ByteString.copyFrom(
                GossipCodec.encode(
                        new GossipMessage.Tell(
                                new GossipMessage.Payload(
                                        0, List.of(), List.of(new AgedFact(fact, 0))))));
    }

    static Optional<NodeFacts> facts(NodeId from, ByteString body) {
        try {
            return GossipCodec.decode(body.toByteArray()).payload().facts().stream()
                    .map(aged -> aged.fact().facts())
                    .filter(facts -> facts.node().equals(from))
                    .findFirst();
        } catch (GossipCodec.MalformedException e) {
            return Optional.empty(); // then the older facts hold
        }
    }

    static ArrivalAsk ask(ArrivalRequest request, List<PastMove> history) {
        ProcessView p = request.process();
        Usage usage = p.usage();
        ArrivalAsk.Builder ask =
                ArrivalAsk.newBuilder()
                        .setProcess(Protos.process(p.process()))
                        .setCommand(p.command())
                        .setUser(p.user())
                        .setDemand(usage.demand())
                        .setResidentBytes(usage.rssBytes())
                        .setDirtyPerSecond(usage.dirtyBytesPerSecond())
                        .setHomeBytesPerSecond(usage.homeBytesPerSecond())
                        .setCpuSeconds(usage.cpuSeconds())
                        .setReason(request.reason().map(Enum::name).orElse(""))
                        .setSpeedHere(request.speedHere())
                        .setMovesLastHour(p.movesLastHour())
                        .setPin(p.pin().map(NodeId::name).orElse(""));
        for (PastMove move : history) {
            ask.addMoves(
                    PastMoveItem.newBuilder()
                            .setFrom(move.from().name())
                            .setTo(move.to().name())
                            .setAgoMillis(move.agoMillis())
                            .setForDrain(move.forDrain()));
        }
        return ask.build();
    }

    static ArrivalRequest request(NodeId from, ArrivalAsk ask) {
        if (ask.getCommand().length() > MOST_TEXT
                || ask.getUser().length() > MOST_TEXT
                || ask.getMovesCount() > MOST_MOVES
                || !(ask.getSpeedHere() >= 0)) {
            throw new IllegalArgumentException("no such request of arrival: from=" + from);
        }
        ProcessView process =
                ProcessView.of(
                                Protos.process(ask.getProcess()),
                                from,
                                ask.getCommand(),
                                ask.getUser(),
                                new Usage(
                                        ask.getDemand(),
                                        ask.getResidentBytes(),
                                        ask.getDirtyPerSecond(),
                                        ask.getHomeBytesPerSecond(),
                                        ask.getCpuSeconds()),
                                0)
                        .withMoves(ask.getMovesLastHour(), moves(ask))
                        .withPin(
                                ask.getPin().isEmpty()
                                        ? Optional.empty()
                                        : Optional.of(new NodeId(ask.getPin())));
        Optional<Reason> reason =
                ask.getReason().isEmpty()
                        ? Optional.empty()
                        : Optional.of(Reason.valueOf(ask.getReason()));
        return new ArrivalRequest(process, reason, ask.getSpeedHere());
    }

    private static List<PastMove> moves(ArrivalAsk ask) {
        return ask.getMovesList().stream()
                .map(
                        m ->
                                new PastMove(
                                        new NodeId(m.getFrom()),
                                        new NodeId(m.getTo()),
                                        m.getAgoMillis(),
                                        m.getForDrain()))
                .toList();
    }
}
