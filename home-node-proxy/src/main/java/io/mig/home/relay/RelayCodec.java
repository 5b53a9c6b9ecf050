package io.mig.home.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import io.mig.home.relay.RelayMessage.Content;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.transport.PeerMessage;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Relay messages as peer messages of the types 200..219. Big endian; text is a u16 length and
 * UTF-8:
 *
 * <pre>
 *   all:    u8 version=1, text process, ...
 *   FRAMES  u64 epoch, frames as on the hull socket
 *   UP      u64 epoch, u16 count, u32 link each
 *   NOTICE  u64 epoch, u64 instance, u64 first, u64 number, u8 kind: 1 = u32 link u32 signal, 2 = text
 *   ACK     u64 epoch, u64 instance, u64 number
 * </pre>
 */
final class RelayCodec {
    static final int FIRST_TYPE = 200;
    static final int LAST_TYPE = 219;

    private static final int FRAMES = 200;
    private static final int UP = 201;
    private static final int NOTICE = 202;
    private static final int NOTICE_ACK = 203;

    private static final byte VERSION = 1;
    private static final byte SIGNAL = 1;
    private static final byte EVENT = 2;
    private static final int MAX_LINKS = 4096;
    private static final int MAX_TEXT_BYTES = 8192;
    private static final int MAX_HEAD_BYTES = 256 + MAX_TEXT_BYTES;

    private RelayCodec() {}

    static boolean mine(PeerMessage message) {
        return message.type() >= FIRST_TYPE && message.type() <= LAST_TYPE;
    }

    static PeerMessage encode(RelayMessage message) {
        ByteBuffer out = ByteBuffer.allocate(sizeBound(message)).put(VERSION);
        putText(out, message.process().toString());
        int type =
                switch (message) {
                    case RelayMessage.Frames frames -> {
                        out.putLong(frames.epoch().value()).put(frames.frames());
                        yield FRAMES;
                    }
                    case RelayMessage.Up up -> {
                        out.putLong(up.epoch().value()).putShort((short) up.links().size());
                        up.links().forEach(out::putInt);
                        yield UP;
                    }
                    case RelayMessage.Notice notice -> {
                        out.putLong(notice.epoch().value())
                                .putLong(notice.instance())
                                .putLong(notice.first())
                                .putLong(notice.number());
                        switch (notice.content()) {
                            case Content.Signal(int link, int signal) ->
                                    out.put(SIGNAL).putInt(link).putInt(signal);
                            case Content.Event(String text) -> putText(out.put(EVENT), text);
                        }
                        yield NOTICE;
                    }
                    case RelayMessage.NoticeAck ack -> {
                        out.putLong(ack.epoch().value())
                                .putLong(ack.instance())
                                .putLong(ack.number());
                        yield NOTICE_ACK;
                    }
                };
        return new PeerMessage(type, ByteString.copyFrom(out.flip()));
    }

    /**
     * @throws FrameException when it is not one of ours, whole and within bounds
     */
    static RelayMessage decode(PeerMessage message) throws FrameException {
        ByteBuffer in = message.body().asReadOnlyByteBuffer();
        try {
            byte version = in.get();
            if (version != VERSION) {
                throw new FrameException(
                        "relay message of version=" + version + ", known version=" + VERSION);
            }
            HomePid process = HomePid.parse(text(in));
            RelayMessage decoded =
                    switch (message.type()) {
                        case FRAMES -> new RelayMessage.Frames(process, epoch(in), rest(in));
                        case UP -> new RelayMessage.Up(process, epoch(in), links(in));
                        case NOTICE ->
                                new RelayMessage.Notice(
                                        process,
                                        epoch(in),
                                        in.getLong(),
                                        in.getLong(),
                                        in.getLong(),
                                        content(in));
                        case NOTICE_ACK ->
                                new RelayMessage.NoticeAck(
                                        process, epoch(in), in.getLong(), in.getLong());
                        default ->
                                throw new FrameException(
                                        "relay message of unknown type=" + message.type());
                    };
            if (in.hasRemaining()) {
                throw new FrameException(
                        "relay message type="
                                + message.type()
                                + " is too long by bytes="
                                + in.remaining());
            }
            return decoded;
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new FrameException(
                    "relay message type=" + message.type() + " cannot be read: " + e);
        }
    }

    private static int sizeBound(RelayMessage message) {
        return MAX_HEAD_BYTES
                + switch (message) {
                    case RelayMessage.Frames frames -> frames.frames().remaining();
                    case RelayMessage.Up up -> up.links().size() * Integer.BYTES;
                    case RelayMessage.Notice _ -> 64;
                    case RelayMessage.NoticeAck _ -> 64;
                };
    }

    private static Epoch epoch(ByteBuffer in) {
        return new Epoch(in.getLong());
    }

    private static ByteBuffer rest(ByteBuffer in) throws FrameException {
        if (in.remaining() > RelayMessage.MAX_FRAMES_BYTES) {
            throw new FrameException(
                    "relay message frames bytes="
                            + in.remaining()
                            + " above the limit="
                            + RelayMessage.MAX_FRAMES_BYTES);
        }
        ByteBuffer rest = in.slice();
        in.position(in.limit());
        return rest;
    }

    private static List<Integer> links(ByteBuffer in) throws FrameException {
        int count = Short.toUnsignedInt(in.getShort());
        if (count > MAX_LINKS) {
            throw new FrameException(
                    "relay message links=" + count + " above the limit=" + MAX_LINKS);
        }
        List<Integer> links = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            links.add(in.getInt());
        }
        return links;
    }

    private static Content content(ByteBuffer in) throws FrameException {
        byte kind = in.get();
        return switch (kind) {
            case SIGNAL -> new Content.Signal(in.getInt(), in.getInt());
            case EVENT -> new Content.Event(text(in));
            default -> throw new FrameException("relay notice of unknown kind=" + kind);
        };
    }

    private static void putText(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        int length = Math.min(bytes.length, MAX_TEXT_BYTES);
        out.putShort((short) length).put(bytes, 0, length);
    }

    private static String text(ByteBuffer in) throws FrameException {
        int length = Short.toUnsignedInt(in.getShort());
        if (length > MAX_TEXT_BYTES) {
            throw new FrameException(
                    "relay message text bytes=" + length + " above the limit=" + MAX_TEXT_BYTES);
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, UTF_8);
    }
}
