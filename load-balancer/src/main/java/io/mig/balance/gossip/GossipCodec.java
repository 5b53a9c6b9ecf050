package io.mig.balance.gossip;

import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.Psi;
import io.mig.model.NodeId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Gossip as bytes. One message is at most {@value #MAX_BYTES} bytes: facts that do not fit are left
 * out, the least important ones first.
 *
 * <pre>
 * message := VERSION KIND fields payload         anything after it is skipped: newer releases add there
 * payload := policyVersion:8 count:1 { rumor } count:1 { fact }
 * rumor   := name state:1 incarnation:8
 * fact    := name length:1 { body }              length lets older releases skip what they do not know
 * </pre>
 *
 * Numbers are big endian; names are a length byte and ASCII. Nothing from the wire is believed: all
 * counts are bounded by the bytes that are there, all figures are checked by the records.
 */
public final class GossipCodec {
    /** Longest message. */
    public static final int MAX_BYTES = 1400;

    private static final byte VERSION = 1;
    private static final int KIB = 1024;
    private static final MemberState[] STATES = {
        MemberState.ALIVE, MemberState.SUSPECT, MemberState.DEAD, MemberState.LEFT
    };
    private static final Urgency[] URGENCIES = {Urgency.ROUTINE, Urgency.NEWS, Urgency.URGENT};

    private GossipCodec() {}

    /** A message that cannot be read. */
    public static final class MalformedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        MalformedException(String message) {
            super(message);
        }

        MalformedException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    public static byte[] encode(GossipMessage message) {
        ByteBuffer out = ByteBuffer.allocate(2 * MAX_BYTES);
        out.put(VERSION);
        switch (message) {
            case GossipMessage.Ping p -> out.put((byte) 1).putLong(p.number());
            case GossipMessage.Ack a -> {
                out.put((byte) 2).putLong(a.number());
                name(out, a.about());
            }
            case GossipMessage.PingRequest r -> {
                out.put((byte) 3).putLong(r.number());
                name(out, r.about());
            }
            case GossipMessage.SyncRequest s -> out.put((byte) 4).putInt(s.from());
            case GossipMessage.Sync s -> out.put((byte) 5).putInt(s.next());
            case GossipMessage.Tell _ -> out.put((byte) 6);
        }
        GossipMessage.Payload payload = message.payload();
        out.putLong(payload.policyVersion());
        int rumorsAt = out.position();
        out.put((byte) 0);
        int rumors = 0;
        for (Rumor rumor : payload.rumors()) {
            if (rumors == 255 || out.position() > MAX_BYTES - 80) {
                break;
            }
            name(out, rumor.node());
            out.put((byte) Arrays.asList(STATES).indexOf(rumor.state()));
            out.putLong(rumor.incarnation());
            rumors++;
        }
        out.put(rumorsAt, (byte) rumors);
        int factsAt = out.position();
        out.put((byte) 0);
        int facts = 0;
        for (AgedFact fact : payload.facts()) {
            int begin = out.position();
            fact(out, fact);
            if (out.position() > MAX_BYTES || facts == 255) {
                out.position(begin);
                break;
            }
            facts++;
        }
        out.put(factsAt, (byte) facts);
        return Arrays.copyOf(out.array(), out.position());
    }

    private static void name(ByteBuffer out, NodeId node) {
        byte[] name = node.name().getBytes(StandardCharsets.US_ASCII);
        out.put((byte) name.length).put(name);
    }

    private static void fact(ByteBuffer out, AgedFact aged) {
        NodeFacts f = aged.fact().facts();
        name(out, f.node());
        int lengthAt = out.position();
        out.put((byte) 0);
        Doors d = f.doors();
        int flags =
                (d.cordoned() ? 1 : 0)
                        | (d.draining() ? 2 : 0)
                        | (d.ownerPresent() ? 4 : 0)
                        | (d.diskFull() ? 8 : 0)
                        | Arrays.asList(URGENCIES).indexOf(aged.fact().urgency()) << 4;
        out.putLong(aged.fact().version())
                .put((byte) aged.fact().newsAge())
                .putInt((int) aged.ageMillis())
                .put((byte) flags)
                .putFloat((float) f.capacity().cores())
                .putFloat((float) f.capacity().speed())
                .putInt(kib(f.capacity().memoryBytes()))
                .putFloat((float) f.use().runnable())
                .putInt(kib(f.use().availableBytes()))
                .put(share(f.use().psi().cpu()))
                .put(share(f.use().psi().memory()))
                .put(share(f.use().psi().io()))
                .putShort((short) Math.min(0xffff, f.use().guests()))
                .putInt(d.maxGuests())
                .putFloat((float) d.reservedCores())
                .putInt(kib(d.reservedBytes()));
        out.put(lengthAt, (byte) (out.position() - lengthAt - 1));
    }

    private static int kib(long bytes) {
        return (int) Math.min(0xffff_ffffL, bytes / KIB);
    }

    private static byte share(double share) {
        return (byte) Math.round(share * 255);
    }

    /**
     * Reads a message.
     *
     * @throws MalformedException when it is none, or of a release that cannot be understood
     */
    public static GossipMessage decode(byte[] bytes) {
        if (bytes.length > MAX_BYTES) {
            throw new MalformedException("gossip of bytes=" + bytes.length + " above " + MAX_BYTES);
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        try {
            byte version = in.get();
            if (version != VERSION) {
                throw new MalformedException(
                        "gossip of format="
                                + version
                                + ", this release speaks format="
                                + VERSION
                                + ": bring all nodes to the same release");
            }
            return switch (in.get()) {
                case 1 -> new GossipMessage.Ping(in.getLong(), payload(in));
                case 2 -> new GossipMessage.Ack(in.getLong(), name(in), payload(in));
                case 3 -> new GossipMessage.PingRequest(in.getLong(), name(in), payload(in));
                case 4 -> new GossipMessage.SyncRequest(in.getInt(), payload(in));
                case 5 -> new GossipMessage.Sync(in.getInt(), payload(in));
                case 6 -> new GossipMessage.Tell(payload(in));
                default -> throw new MalformedException("gossip of an unknown kind");
            };
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new MalformedException("gossip cannot be read: " + e.getMessage(), e);
        }
    }

    private static GossipMessage.Payload payload(ByteBuffer in) {
        long policy = in.getLong();
        int rumorCount = in.get() & 0xff;
        List<Rumor> rumors = new ArrayList<>();
        for (int i = 0; i < rumorCount; i++) {
            NodeId node = name(in);
            rumors.add(new Rumor(node, STATES[index(in.get(), STATES.length)], in.getLong()));
        }
        int factCount = in.get() & 0xff;
        List<AgedFact> facts = new ArrayList<>();
        for (int i = 0; i < factCount; i++) {
            facts.add(fact(in));
        }
        return new GossipMessage.Payload(policy, rumors, facts);
    }

    private static int index(int value, int length) {
        if (value < 0 || value >= length) {
            throw new IllegalArgumentException("no such constant: " + value);
        }
        return value;
    }

    private static NodeId name(ByteBuffer in) {
        byte[] name = new byte[in.get() & 0x7f];
        in.get(name);
        return new NodeId(new String(name, StandardCharsets.US_ASCII));
    }

    private static AgedFact fact(ByteBuffer in) {
        NodeId node = name(in);
        int end = (in.get() & 0xff) + in.position();
        long version = in.getLong();
        int newsAge = in.get();
        int age = in.getInt();
        int flags = in.get();
        double cores = in.getFloat();
        double speed = in.getFloat();
        long memory = bytes(in);
        double runnable = in.getFloat();
        long available = bytes(in);
        Psi psi = new Psi(fraction(in), fraction(in), fraction(in));
        int guests = in.getShort() & 0xffff;
        int maxGuests = in.getInt();
        double reservedCores = in.getFloat();
        long reservedBytes = bytes(in);
        if (end < in.position() || end > in.limit()) {
            throw new IllegalArgumentException("a fact of the wrong length");
        }
        in.position(end);
        Doors doors =
                new Doors(
                        (flags & 1) != 0,
                        (flags & 2) != 0,
                        (flags & 4) != 0,
                        (flags & 8) != 0,
                        maxGuests,
                        reservedCores,
                        reservedBytes);
        NodeFacts facts =
                new NodeFacts(
                        node,
                        new NodeCapacity(cores, speed, memory),
                        new NodeUse(runnable, available, psi, guests),
                        doors);
        return new AgedFact(
                new LoadFact(
                        facts,
                        version,
                        newsAge,
                        URGENCIES[index(flags >> 4 & 3, URGENCIES.length)]),
                age);
    }

    private static long bytes(ByteBuffer in) {
        return (in.getInt() & 0xffff_ffffL) * KIB;
    }

    private static double fraction(ByteBuffer in) {
        return (in.get() & 0xff) / 255.0;
    }
}
