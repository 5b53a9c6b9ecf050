package io.mig.transport.netty;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.mig.model.NodeId;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerMessage;
import io.mig.wire.proto.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * Frames of a control connection: {@code u32 length, u8 kind, u64 id, u16 type, body}, big endian;
 * length counts what follows it. Kinds:
 *
 * <ul>
 *   <li>HELLO, first in both directions, body {@link Hello}; the side that connects speaks first,
 *       and the other answers ERROR instead when it refuses
 *   <li>BEAT, sent when nothing else was
 *   <li>REQUEST, REPLY, ERROR with the request's id; an error's type is its code, its body the text
 *   <li>ONE_WAY
 * </ul>
 *
 * A bulk connection begins with HELLO in both directions, the opener's naming the stream. Then the
 * opener sends chunks {@code u32 length, bytes}; length 0 ends the stream, {@link #BULK_ABORT} with
 * a text up to the end of the connection aborts it. The receiver answers with one frame: REPLY when
 * everything was taken, else ERROR.
 */
final class Wire {
    static final int PROTOCOL = 1;
    static final int HEADER = 1 + 8 + 2;
    static final int MAX_FRAME = HEADER + PeerMessage.MAX_BODY;
    static final int MAX_HELLO = 64 << 10;
    static final int MAX_TEXT = 65536;

    /** Longest name of a bulk stream. */
    static final int MAX_STREAM = 200;

    static final int MAX_BULK_CHUNK = 16 << 20;
    static final int BULK_ABORT = -1;

    static final byte HELLO = 1;
    static final byte BEAT = 2;
    static final byte REQUEST = 3;
    static final byte REPLY = 4;
    static final byte ERROR = 5;
    static final byte ONE_WAY = 6;

    private Wire() {}

    static ByteBuf frame(ByteBufAllocator allocator, byte kind, long id, int type, byte[] body) {
        ByteBuf frame = allocator.directBuffer(4 + HEADER + body.length);
        frame.writeInt(HEADER + body.length).writeByte(kind).writeLong(id).writeShort(type);
        return frame.writeBytes(body);
    }

    static ByteBuf frame(
            ByteBufAllocator allocator, byte kind, long id, int type, ByteString body) {
        ByteBuf frame = allocator.directBuffer(4 + HEADER + body.size());
        frame.writeInt(HEADER + body.size()).writeByte(kind).writeLong(id).writeShort(type);
        for (ByteBuffer part : body.asReadOnlyByteBufferList()) {
            frame.writeBytes(part);
        }
        return frame;
    }

    static byte[] text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= MAX_TEXT ? bytes : java.util.Arrays.copyOf(bytes, MAX_TEXT);
    }

    static Hello hello(PeerFacts facts, String bulkStream) {
        return Hello.newBuilder()
                .setNode(facts.node().name())
                .setMigVersion(facts.migVersion())
                .setProtocolMin(facts.protocolMin())
                .setProtocolMax(facts.protocolMax())
                .setBootId(facts.bootId())
                .setCriuVersion(facts.criuVersion())
                .addAllCpuFlags(facts.cpuFlags())
                .setKernel(facts.kernel())
                .setArch(facts.arch())
                .setMemTotalBytes(facts.memTotalBytes())
                .setCpus(facts.cpus())
                .putAllExtra(facts.extra())
                .setBulkStream(bulkStream)
                .build();
    }

    static Hello parseHello(ByteBuf body) {
        if (body.readableBytes() > MAX_HELLO) {
            throw new ProtocolException(
                    "hello of bytes=" + body.readableBytes() + ", at most " + MAX_HELLO);
        }
        try {
            return Hello.parseFrom(body.nioBuffer());
        } catch (InvalidProtocolBufferException e) {
            throw new ProtocolException("hello cannot be read: " + e.getMessage());
        }
    }

    static PeerFacts facts(Hello hello) {
        return new PeerFacts(
                new NodeId(hello.getNode()),
                hello.getMigVersion(),
                hello.getProtocolMin(),
                hello.getProtocolMax(),
                hello.getBootId(),
                hello.getCriuVersion(),
                Set.copyOf(hello.getCpuFlagsList()),
                hello.getKernel(),
                hello.getArch(),
                hello.getMemTotalBytes(),
                hello.getCpus(),
                hello.getExtraMap());
    }
}
