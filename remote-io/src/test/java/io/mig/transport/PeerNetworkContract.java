package io.mig.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.model.PeerErrorException;
import io.mig.model.PeerLostException;
import io.mig.model.RefusedException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link PeerNetwork} must do, for two nodes that know each other. */
@Timeout(60)
public abstract class PeerNetworkContract {
    protected static final NodeId ONE = new NodeId("node1");
    protected static final NodeId TWO = new NodeId("node2");
    private static final Duration SECONDS = Duration.ofSeconds(10);

    protected final RecordingHandler handlerOne = new RecordingHandler();
    protected final RecordingHandler handlerTwo = new RecordingHandler();
    protected PeerNetwork one;
    protected PeerNetwork two;

    /** Makes the network of one of the two nodes; asked for both before either is started. */
    protected abstract PeerNetwork network(NodeId node) throws Exception;

    /** Loses the connection of the two, without stopping either. */
    protected abstract void loseConnection();

    protected static PeerFacts facts(NodeId node) {
        return new PeerFacts(
                node,
                "0.1.0",
                1,
                1,
                "boot-" + node,
                "4.2.1",
                Set.of("avx2", "sse4_2"),
                "6.18",
                "x86_64",
                1L << 33,
                4,
                Map.of("key", "value"));
    }

    @BeforeEach
    void meet() throws Exception {
        one = network(ONE);
        two = network(TWO);
        two.start(handlerTwo);
        one.start(handlerOne);
        await().atMost(SECONDS).until(() -> one.state(TWO).up() && two.state(ONE).up());
    }

    @AfterEach
    void stop() {
        one.close();
        two.close();
    }

    private static PeerMessage message(int type, String text) {
        return new PeerMessage(type, ByteString.copyFromUtf8(text));
    }

    @Test
    void shouldTellFactsWhenPeersMeet() {
        await().atMost(SECONDS)
                .until(
                        () ->
                                handlerOne.facts.containsKey(TWO)
                                        && handlerTwo.facts.containsKey(ONE));
        assertThat(handlerOne.facts.get(TWO)).isEqualTo(facts(TWO));
        assertThat(one.state(TWO).facts()).contains(facts(TWO));
        assertThat(one.peers()).containsExactly(TWO);
        assertThat(one.self()).isEqualTo(ONE);
    }

    @Test
    void shouldAnswerWhenAskedInBothDirections() {
        assertThat(one.request(TWO, message(RecordingHandler.ECHO, "hello"), SECONDS).join())
                .isEqualTo(message(RecordingHandler.ECHO, "hello"));
        assertThat(
                        two.request(ONE, message(RecordingHandler.ECHO, "hello"), SECONDS)
                                .join()
                                .body()
                                .toStringUtf8())
                .isEqualTo("hello");
    }

    @Test
    void shouldKeepAnswersApartWhenManyAreAsked() {
        List<CompletableFuture<PeerMessage>> answers =
                IntStream.range(0, 1000)
                        .mapToObj(
                                i ->
                                        one.request(
                                                TWO,
                                                message(RecordingHandler.ECHO, "r" + i),
                                                SECONDS))
                        .toList();

        for (int i = 0; i < answers.size(); i++) {
            assertThat(answers.get(i).join().body().toStringUtf8()).isEqualTo("r" + i);
        }
    }

    @Test
    void shouldCarryTheLargestBodyWhenAsked() {
        byte[] body = new byte[PeerMessage.MAX_BODY];
        new Random(7).nextBytes(body);
        PeerMessage large = new PeerMessage(RecordingHandler.ECHO, ByteString.copyFrom(body));

        assertThat(one.request(TWO, large, SECONDS).join()).isEqualTo(large);
    }

    @Test
    void shouldKeepCodeAndTextWhenThePeerRefuses() {
        assertThatThrownBy(
                        () -> one.request(TWO, message(RecordingHandler.FAIL, ""), SECONDS).join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        PeerErrorException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.NO_ROOM);
                            assertThat(e.peer()).isEqualTo(TWO);
                            assertThat(e).hasMessageContaining("no room here");
                        });
        assertThatThrownBy(
                        () -> one.request(TWO, message(RecordingHandler.THROW, ""), SECONDS).join())
                .cause()
                .isInstanceOfSatisfying(
                        PeerErrorException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_ALLOWED));
    }

    @Test
    void shouldSayThatTheOutcomeIsUnknownWhenNoAnswerComes() {
        assertThatThrownBy(
                        () ->
                                one.request(
                                                TWO,
                                                message(RecordingHandler.NEVER, ""),
                                                Duration.ofMillis(100))
                                        .join())
                .cause()
                .isInstanceOfSatisfying(
                        PeerLostException.class,
                        e -> {
                            assertThat(e)
                                    .hasMessageContaining("outcome unknown")
                                    .hasMessageContaining("100 ms");
                            assertThat(e.outcomeUnknown()).isTrue();
                        });
    }

    @Test
    void shouldFailWaitingRequestsWhenTheConnectionIsLost() {
        CompletableFuture<PeerMessage> answer =
                one.request(TWO, message(RecordingHandler.NEVER, ""), SECONDS);
        await().atMost(SECONDS).until(() -> handlerTwo.events.contains("unanswered 4"));

        loseConnection();

        assertThatThrownBy(answer::join)
                .cause()
                .isInstanceOf(PeerLostException.class)
                .hasMessageContaining("outcome unknown");
    }

    @Test
    void shouldMeetAgainWhenTheConnectionWasLost() {
        loseConnection();

        await().atMost(SECONDS)
                .until(() -> handlerOne.events.stream().filter("up node2"::equals).count() == 2);
        await().atMost(SECONDS)
                .until(() -> handlerTwo.events.stream().filter("up node1"::equals).count() == 2);
        assertThat(handlerOne.events).containsExactly("up node2", "down node2", "up node2");
        assertThat(handlerTwo.events).containsExactly("up node1", "down node1", "up node1");
        assertThat(
                        one.request(TWO, message(RecordingHandler.ECHO, "again"), SECONDS)
                                .join()
                                .body()
                                .toStringUtf8())
                .isEqualTo("again");
    }

    @Test
    void shouldSayThatNothingWasSentWhenThePeerIsDown() {
        two.close();
        await().atMost(SECONDS).until(() -> !one.state(TWO).up());

        assertThatThrownBy(
                        () -> one.request(TWO, message(RecordingHandler.ECHO, ""), SECONDS).join())
                .cause()
                .isInstanceOfSatisfying(
                        PeerLostException.class,
                        e -> {
                            assertThat(e.outcomeUnknown()).isFalse();
                            assertThat(e).hasMessageContaining("nothing was sent");
                        });
        assertThatThrownBy(() -> one.openBulk(TWO, "images")).isInstanceOf(PeerLostException.class);
        assertThat(one.writable(TWO)).isFalse();
        assertThat(one.state(TWO).why()).isNotEmpty();
        assertThat(one.state(TWO).facts()).contains(facts(TWO));
        one.send(TWO, message(9, "dropped"));
    }

    @Test
    void shouldRefuseWhenTheNodeIsUnknown() {
        NodeId stranger = new NodeId("stranger");

        assertThatThrownBy(() -> one.request(stranger, message(1, ""), SECONDS).join())
                .cause()
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("not in the list of nodes");
        assertThat(one.state(stranger).up()).isFalse();
        one.send(stranger, message(9, "dropped"));
    }

    @Test
    void shouldKeepTheOrderOfMessagesWhenTheyAreSent() {
        for (int i = 0; i < 2000; i++) {
            one.send(TWO, message(9, "m" + i));
        }

        await().atMost(SECONDS).until(() -> handlerTwo.events.size() == 2001);
        assertThat(handlerTwo.events.subList(1, 2001))
                .isEqualTo(IntStream.range(0, 2000).mapToObj(i -> "node1 m" + i).toList());
    }

    @Test
    void shouldDeliverEveryByteWhenAStreamIsFinished() {
        Random random = new Random(42);
        CRC32C crc = new CRC32C();
        long total = 0;
        try (BulkSender sender = two.openBulk(ONE, "images:1")) {
            for (int i = 0; i < 40; i++) {
                byte[] bytes = new byte[random.nextInt(3 << 20)];
                random.nextBytes(bytes);
                crc.update(bytes);
                total += bytes.length;
                ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
                sender.write(direct);
                assertThat(direct.hasRemaining()).isFalse();
                // it may be used again at once
                direct.clear();
                direct.put(new byte[bytes.length]);
            }
            sender.finish();
        }

        RecordingHandler.Stream stream = handlerOne.expect("images:1");
        assertThat(stream.end).isEqualTo("finished");
        assertThat(stream.bytes).isEqualTo(total);
        assertThat(stream.checksum()).isEqualTo(crc.getValue());
    }

    @Test
    void shouldDeliverNothingWhenAStreamIsEmpty() {
        try (BulkSender sender = one.openBulk(TWO, "empty")) {
            sender.finish();
        }
        assertThat(handlerTwo.expect("empty").end).isEqualTo("finished");
        assertThat(handlerTwo.expect("empty").bytes).isZero();
    }

    @Test
    void shouldMakeTheSenderWaitWhenTheReceiverIsSlow() throws Exception {
        RecordingHandler.Stream stream = handlerTwo.expect("slow");
        stream.gate = new CountDownLatch(1);
        AtomicBoolean all = new AtomicBoolean();
        Thread sender =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try (BulkSender bulk = one.openBulk(TWO, "slow")) {
                                        ByteBuffer piece = ByteBuffer.allocateDirect(1 << 20);
                                        for (int i = 0; i < 128; i++) {
                                            bulk.write(piece.clear());
                                        }
                                        all.set(true);
                                        bulk.finish();
                                    }
                                });
        // control traffic is not held up by a stalled stream
        for (int i = 0; i < 20; i++) {
            one.request(TWO, message(RecordingHandler.ECHO, "x"), SECONDS).join();
        }
        assertThat(all).isFalse();

        stream.gate.countDown();

        assertThat(sender.join(SECONDS.plusSeconds(20))).isTrue();
        assertThat(stream.bytes).isEqualTo(128L << 20);
        assertThat(stream.end).isEqualTo("finished");
    }

    @Test
    void shouldTellTheReceiverWhenTheSenderAborts() {
        try (BulkSender sender = one.openBulk(TWO, "aborted")) {
            sender.write(ByteBuffer.allocateDirect(1000));
            sender.abort("dump failed");
        }
        try (BulkSender sender = one.openBulk(TWO, "closed")) {
            sender.write(ByteBuffer.allocateDirect(1000));
        }

        await().atMost(SECONDS)
                .until(() -> handlerTwo.expect("aborted").end.equals("aborted: dump failed"));
        await().atMost(SECONDS)
                .until(() -> handlerTwo.expect("closed").end.equals("aborted: the sender gave up"));
    }

    @Test
    void shouldTellTheSenderWhenTheReceiverGivesUp() {
        RecordingHandler.Stream stream = handlerTwo.expect("full");
        stream.throwAfter = 3 << 20;
        try (BulkSender sender = one.openBulk(TWO, "full")) {
            ByteBuffer piece = ByteBuffer.allocateDirect(1 << 20);
            assertThatThrownBy(
                            () -> {
                                for (int i = 0; i < 1000; i++) {
                                    sender.write(piece.clear());
                                }
                            })
                    .isInstanceOf(PeerErrorException.class)
                    .hasMessageContaining("disk is full");
        }
        await().atMost(SECONDS).until(() -> stream.end.equals("aborted: disk is full"));
    }

    @Test
    void shouldRefuseAStreamWhenNobodyWaitsForIt() {
        assertThatThrownBy(() -> one.openBulk(TWO, "nobody"))
                .isInstanceOf(PeerErrorException.class)
                .hasMessageContaining("nobody waits for stream=nobody");
    }

    @Test
    void shouldEndStreamsOnBothSidesWhenTheConnectionIsLost() {
        try (BulkSender sender = one.openBulk(TWO, "lost")) {
            ByteBuffer piece = ByteBuffer.allocateDirect(1 << 20);
            sender.write(piece.clear());

            loseConnection();

            assertThatThrownBy(
                            () -> {
                                for (int i = 0; i < 1000; i++) {
                                    sender.write(piece.clear());
                                }
                            })
                    .isInstanceOf(PeerLostException.class)
                    .hasMessageContaining("outcome unknown");
        }
        await().atMost(SECONDS).until(() -> handlerTwo.expect("lost").end.startsWith("aborted: "));
    }

    @Test
    void shouldCarryManyStreamsAtOnceWhenTheyAreOpenedTogether() throws Exception {
        List<Thread> senders = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String id = "stream" + i;
            senders.add(
                    Thread.ofVirtual()
                            .start(
                                    () -> {
                                        try (BulkSender bulk = one.openBulk(TWO, id)) {
                                            bulk.write(ByteBuffer.allocateDirect(5 << 20));
                                            bulk.finish();
                                        }
                                    }));
        }
        for (Thread sender : senders) {
            assertThat(sender.join(SECONDS)).isTrue();
        }
        for (int i = 0; i < 8; i++) {
            assertThat(handlerTwo.expect("stream" + i).bytes).isEqualTo(5L << 20);
            assertThat(handlerTwo.expect("stream" + i).end).isEqualTo("finished");
        }
    }
}
