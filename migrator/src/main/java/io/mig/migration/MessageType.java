package io.mig.migration;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.mig.transport.PeerMessage;
import io.mig.wire.proto.AbortRequest;
import io.mig.wire.proto.ArrivalAsk;
import io.mig.wire.proto.ArrivalOver;
import io.mig.wire.proto.ArrivalReply;
import io.mig.wire.proto.BalanceAnswer;
import io.mig.wire.proto.BalanceQuestion;
import io.mig.wire.proto.BeginReply;
import io.mig.wire.proto.BeginRequest;
import io.mig.wire.proto.CheckReply;
import io.mig.wire.proto.CheckRequest;
import io.mig.wire.proto.CommitReply;
import io.mig.wire.proto.CommitRequest;
import io.mig.wire.proto.DecisionReply;
import io.mig.wire.proto.DecisionRequest;
import io.mig.wire.proto.DiscardReply;
import io.mig.wire.proto.DiscardRequest;
import io.mig.wire.proto.GossipItem;
import io.mig.wire.proto.GuestInventory;
import io.mig.wire.proto.HoldReply;
import io.mig.wire.proto.HoldRequest;
import io.mig.wire.proto.LogReply;
import io.mig.wire.proto.LogRequest;
import io.mig.wire.proto.LookupReply;
import io.mig.wire.proto.LookupRequest;
import io.mig.wire.proto.MoveProgress;
import io.mig.wire.proto.MoveReply;
import io.mig.wire.proto.MoveReport;
import io.mig.wire.proto.MoveRequest;
import io.mig.wire.proto.NodeReply;
import io.mig.wire.proto.NodeRequest;
import io.mig.wire.proto.PsReply;
import io.mig.wire.proto.PsRequest;
import io.mig.wire.proto.ReserveReply;
import io.mig.wire.proto.ReserveRequest;
import io.mig.wire.proto.RestoreReply;
import io.mig.wire.proto.RestoreRequest;
import io.mig.wire.proto.ThawReply;
import io.mig.wire.proto.ThawRequest;
import io.mig.wire.proto.VouchReply;
import io.mig.wire.proto.VouchRequest;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The messages of {@code migration.proto} and {@code balance.proto} and their numbers on the wire
 * (append-only; 100-199 are ours).
 */
public enum MessageType {
    CHECK(100, CheckRequest.getDefaultInstance()),
    CHECK_REPLY(101, CheckReply.getDefaultInstance()),
    RESERVE(102, ReserveRequest.getDefaultInstance()),
    RESERVE_REPLY(103, ReserveReply.getDefaultInstance()),
    RESTORE(104, RestoreRequest.getDefaultInstance()),
    RESTORE_REPLY(105, RestoreReply.getDefaultInstance()),
    BEGIN(106, BeginRequest.getDefaultInstance()),
    BEGIN_REPLY(107, BeginReply.getDefaultInstance()),
    COMMIT(108, CommitRequest.getDefaultInstance()),
    ABORT(109, AbortRequest.getDefaultInstance()),
    DECISION(110, DecisionRequest.getDefaultInstance()),
    DECISION_REPLY(111, DecisionReply.getDefaultInstance()),
    THAW(112, ThawRequest.getDefaultInstance()),
    THAW_REPLY(113, ThawReply.getDefaultInstance()),
    DISCARD(114, DiscardRequest.getDefaultInstance()),
    DISCARD_REPLY(115, DiscardReply.getDefaultInstance()),
    REPORT(116, MoveReport.getDefaultInstance()),
    INVENTORY(117, GuestInventory.getDefaultInstance()),
    MOVE(118, MoveRequest.getDefaultInstance()),
    MOVE_REPLY(119, MoveReply.getDefaultInstance()),
    PROGRESS(120, MoveProgress.getDefaultInstance()),
    PS(121, PsRequest.getDefaultInstance()),
    PS_REPLY(122, PsReply.getDefaultInstance()),
    NODE(123, NodeRequest.getDefaultInstance()),
    NODE_REPLY(124, NodeReply.getDefaultInstance()),
    LOG(125, LogRequest.getDefaultInstance()),
    LOG_REPLY(126, LogReply.getDefaultInstance()),
    LOOKUP(127, LookupRequest.getDefaultInstance()),
    LOOKUP_REPLY(128, LookupReply.getDefaultInstance()),
    HOLD(129, HoldRequest.getDefaultInstance()),
    HOLD_REPLY(130, HoldReply.getDefaultInstance()),
    COMMIT_REPLY(132, CommitReply.getDefaultInstance()),
    VOUCH(133, VouchRequest.getDefaultInstance()),
    VOUCH_REPLY(134, VouchReply.getDefaultInstance()),
    GOSSIP(150, GossipItem.getDefaultInstance()),
    ARRIVAL(151, ArrivalAsk.getDefaultInstance()),
    ARRIVAL_REPLY(152, ArrivalReply.getDefaultInstance()),
    ARRIVAL_OVER(153, ArrivalOver.getDefaultInstance()),
    BALANCE_QUESTION(154, BalanceQuestion.getDefaultInstance()),
    BALANCE_ANSWER(155, BalanceAnswer.getDefaultInstance());

    private static final Map<Integer, MessageType> BY_NUMBER =
            Arrays.stream(values())
                    .collect(Collectors.toUnmodifiableMap(t -> t.number, Function.identity()));
    private static final Map<Class<?>, MessageType> BY_CLASS =
            Arrays.stream(values())
                    .collect(
                            Collectors.toUnmodifiableMap(
                                    t -> t.sample.getClass(), Function.identity()));

    private final int number;
    private final MessageLite sample;

    MessageType(int number, MessageLite sample) {
        this.number = number;
        this.sample = sample;
    }

    /** Packs a message of this conversation. */
    public static PeerMessage pack(MessageLite message) {
        MessageType type = BY_CLASS.get(message.getClass());
        if (type == null) {
            throw new IllegalArgumentException("no number for message class=" + message.getClass());
        }
        return new PeerMessage(type.number, message.toByteString());
    }

    /**
     * Unpacks what a peer sent.
     *
     * @throws IllegalArgumentException for an unknown number or bytes that are no such message
     */
    public static MessageLite unpack(PeerMessage message) {
        MessageType type = BY_NUMBER.get(message.type());
        if (type == null) {
            throw new IllegalArgumentException("unknown message type=" + message.type());
        }
        try {
            return parse(type.sample.getParserForType(), message.body());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(
                    "message type=" + type + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static MessageLite parse(Parser<? extends MessageLite> parser, ByteString body)
            throws InvalidProtocolBufferException {
        return parser.parseFrom(body);
    }

    /** Whether a number belongs to this conversation. */
    public static boolean knows(int number) {
        return BY_NUMBER.containsKey(number);
    }
}
