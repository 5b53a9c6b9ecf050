package io.mig.home.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mig.model.RefusedException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CapsuleEndpointTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final FakeChannel channel = new FakeChannel();
    private final CapsuleEndpoint capsule = new CapsuleEndpoint(channel, 77, 0, UUID.randomUUID());

    @Test
    void shouldGiveEachCommandItsOwnReply() throws Exception {
        CompletableFuture<Reply> first = capsule.command(FrameType.LIST, "", LONG);
        CompletableFuture<Reply> second = capsule.command(FrameType.SIGNAL, "pid=5 signal=9", LONG);
        answer(FrameType.SIGNAL, 2, "error 3 no such process");
        answer(FrameType.SIGNAL, 1, "ok\nnot for the list");
        answer(FrameType.LIST, 1, "ok\npid=5 hostpid=9\n");

        assertThat(first.get().orThrow("list").text()).isEqualTo("pid=5 hostpid=9\n");
        assertThat(second.get()).isEqualTo(new Reply.Failed(3, "no such process"));
        assertThatThrownBy(() -> second.join().orThrow("signal"))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("errno=3");
    }

    @Test
    void shouldPutAnExportTogetherFromItsPieces() throws Exception {
        byte[] state = new byte[200_000];
        new Random(5).nextBytes(state);
        CompletableFuture<Reply> export = capsule.exportState(LONG);
        answer(FrameType.EXPORT, 1, "ok " + state.length + "\n");
        for (int at = 0; at < state.length; at += 50_000) {
            capsule.onReply(
                    new Frame(
                            FrameType.EXPORT.code() | FrameType.REPLY,
                            0,
                            1,
                            ByteBuffer.wrap(state, at, 50_000)));
        }
        byte[] received = new byte[state.length];
        export.get().orThrow("export").data().get(received);
        assertThat(received).isEqualTo(state);
    }

    @Test
    void shouldRefuseAnExportThatIsTooLongOrTooMuch() throws Exception {
        CompletableFuture<Reply> huge = capsule.exportState(LONG);
        answer(FrameType.EXPORT, 1, "ok 999999999999\n");
        assertThat(huge.get()).isInstanceOf(Reply.Failed.class);
        CompletableFuture<Reply> more = capsule.exportState(LONG);
        answer(FrameType.EXPORT, 2, "ok 3\nabcd");
        assertThat(more.get()).isInstanceOf(Reply.Failed.class);
        CompletableFuture<Reply> none = capsule.exportState(LONG);
        answer(FrameType.EXPORT, 3, "ok 0\n");
        assertThat(none.get()).isInstanceOf(Reply.Done.class);
    }

    @Test
    void shouldSendAnImportInPieces() throws Exception {
        byte[] state = new byte[150_000];
        new Random(6).nextBytes(state);
        CompletableFuture<Reply> done = capsule.importState(ByteBuffer.wrap(state), LONG);

        assertThat(channel.sent.getFirst().text()).isEqualTo("len=150000\n");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        channel.sent.stream()
                .skip(1)
                .forEach(
                        frame -> {
                            byte[] piece = new byte[frame.payload().remaining()];
                            frame.payload().get(piece);
                            bytes.writeBytes(piece);
                        });
        assertThat(bytes.toByteArray()).isEqualTo(state);
        answer(FrameType.IMPORT, 1, "ok");
        assertThat(done.get()).isInstanceOf(Reply.Done.class);
    }

    @Test
    void shouldSayThatTheOutcomeIsUnknownWhenThereIsNoAnswer() {
        CompletableFuture<Reply> late = capsule.command(FrameType.LIST, "", Duration.ofMillis(20));
        assertThat(late)
                .failsWithin(10, TimeUnit.SECONDS)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(EndpointLostException.class)
                .withMessageContaining("outcome unknown");
        CompletableFuture<Reply> cut = capsule.command(FrameType.LIST, "", LONG);
        assertThat(capsule.markGone()).isTrue();
        assertThat(capsule.markGone()).isFalse();
        assertThat(cut)
                .failsWithin(10, TimeUnit.SECONDS)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(EndpointLostException.class)
                .withMessageContaining("connection lost");
        assertThat(capsule.command(FrameType.LIST, "", LONG)).failsWithin(10, TimeUnit.SECONDS);
    }

    @Test
    void shouldStopReadingWhileTooMuchWaitsForTheRouter() {
        capsule.queued(900_000);
        assertThat(channel.reading).isEmpty();
        capsule.queued(900_000);
        capsule.hold(Endpoint.Hold.PEER, true);
        capsule.unqueued(1_500_000);
        assertThat(channel.reading).containsOnly(false);
        capsule.hold(Endpoint.Hold.PEER, false);
        assertThat(channel.reading).endsWith(true);
    }

    @Test
    void shouldGiveUpAConnectionThatTakesNothing() {
        channel.pending = Endpoint.MAX_PENDING_BYTES + 1;
        capsule.linkUp(5);
        assertThat(channel.sent).isEmpty();
        assertThat(channel.closed).isTrue();
    }

    private void answer(FrameType type, long request, String text) {
        capsule.onReply(
                new Frame(
                        type.code() | FrameType.REPLY,
                        0,
                        request,
                        ByteBuffer.wrap(text.getBytes(UTF_8))));
    }
}
