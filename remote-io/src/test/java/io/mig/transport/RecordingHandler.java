package io.mig.transport;

import com.google.protobuf.ByteString;
import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.zip.CRC32C;

/** Remembers everything; answers by the request's type, see the constants. */
public final class RecordingHandler implements PeerHandler {
    public static final int ECHO = 1;
    public static final int FAIL = 2;
    public static final int THROW = 3;
    public static final int NEVER = 4;

    /** What became of one incoming bulk stream. */
    public static final class Stream implements BulkReceiver {
        private final CRC32C crc = new CRC32C();
        public volatile long bytes;
        public volatile String end = "";
        public volatile CountDownLatch gate = new CountDownLatch(0);
        public volatile long throwAfter = Long.MAX_VALUE;

        @Override
        public void onBytes(ByteBuffer buffer) {
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            long now = bytes + buffer.remaining();
            synchronized (crc) {
                crc.update(buffer);
            }
            bytes = now;
            if (now > throwAfter) {
                throw new IllegalStateException("disk is full");
            }
        }

        public long checksum() {
            synchronized (crc) {
                return crc.getValue();
            }
        }

        @Override
        public void onFinished() {
            ended("finished");
        }

        @Override
        public void onAborted(String why) {
            ended("aborted: " + why);
        }

        /** Keeps a second end, which must not come, visible. */
        private void ended(String how) {
            String before = end;
            end = before + how;
        }
    }

    public final List<String> events = new CopyOnWriteArrayList<>();
    public final Map<NodeId, PeerFacts> facts = new ConcurrentHashMap<>();
    public final Map<String, Stream> streams = new ConcurrentHashMap<>();
    public volatile CountDownLatch gate = new CountDownLatch(0);

    /** Makes the receiver of a stream before it begins. */
    public Stream expect(String streamId) {
        return streams.computeIfAbsent(streamId, _ -> new Stream());
    }

    @Override
    public void onRequest(NodeId from, PeerMessage message, Responder responder) {
        switch (message.type()) {
            case ECHO -> {
                responder.reply(message);
                responder.fail(ErrorCode.INTERNAL, "a second answer must be ignored");
            }
            case FAIL -> responder.fail(ErrorCode.NO_ROOM, "no room here");
            case THROW -> throw new RefusedException(ErrorCode.NOT_ALLOWED, "not you, " + from);
            default -> events.add("unanswered " + message.type());
        }
    }

    @Override
    public void onMessage(NodeId from, PeerMessage message) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        ByteString body = message.body();
        events.add(from + " " + (body.size() > 100 ? body.size() + " bytes" : body.toStringUtf8()));
    }

    @Override
    public void onPeerUp(NodeId peer, PeerFacts peerFacts) {
        facts.put(peer, peerFacts);
        events.add("up " + peer);
    }

    @Override
    public void onPeerDown(NodeId peer, String why) {
        events.add("down " + peer);
    }

    @Override
    public void onWritable(NodeId peer) {
        events.add("writable " + peer);
    }

    @Override
    public BulkReceiver onBulk(NodeId from, String streamId) {
        if (streamId.startsWith("no")) {
            throw new RefusedException(ErrorCode.REFUSED, "nobody waits for stream=" + streamId);
        }
        return expect(streamId);
    }
}
