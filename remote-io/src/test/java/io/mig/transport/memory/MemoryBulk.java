package io.mig.transport.memory;

import io.mig.model.ErrorCode;
import io.mig.model.MigException;
import io.mig.model.NodeId;
import io.mig.model.PeerErrorException;
import io.mig.model.PeerLostException;
import io.mig.transport.BulkReceiver;
import io.mig.transport.BulkSender;
import io.mig.transport.OrderedExecutor;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/** A bulk stream in memory: copies each piece, holds at most {@value #ROOM} bytes. */
final class MemoryBulk implements BulkSender {
    private static final int ROOM = 4 << 20;
    private static final int PIECE = 256 << 10;

    private final MemoryLink link;
    private final NodeId to;
    private final String streamId;
    private final BulkReceiver receiver;
    private final OrderedExecutor pump;
    private final Semaphore room = new Semaphore(ROOM);
    private final CompletableFuture<Void> outcome = new CompletableFuture<>();
    private final Consumer<String> onDown = this::down;
    // owned by the pump
    private boolean over;
    // owned by the sender's thread
    private boolean ended;

    MemoryBulk(MemoryLink link, NodeId to, String streamId, BulkReceiver receiver) {
        this.link = link;
        this.to = to;
        this.streamId = streamId;
        this.receiver = receiver;
        this.pump = new OrderedExecutor("bulk-" + streamId);
        link.onDown(onDown);
    }

    private void down(String why) {
        fail(new PeerLostException(to, "stream=" + streamId + " broke: " + why));
        pump.execute(() -> aborted("the connection was lost: " + why));
    }

    /** Whoever waits for room must wake up. */
    private void fail(RuntimeException why) {
        outcome.completeExceptionally(why);
        room.release(ROOM);
    }

    private void aborted(String why) {
        if (!over) {
            over = true;
            receiver.onAborted(why);
        }
    }

    @Override
    public void write(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            byte[] piece = new byte[Math.min(bytes.remaining(), PIECE)];
            room.acquireUninterruptibly(piece.length);
            requireOpen();
            bytes.get(piece);
            link.deliver(() -> pump.execute(() -> take(piece)));
        }
    }

    private void requireOpen() {
        if (ended) {
            throw new IllegalStateException("stream=" + streamId + " to node=" + to + " has ended");
        }
        if (outcome.isDone()) {
            await();
        }
    }

    private void take(byte[] piece) {
        if (!over) {
            try {
                receiver.onBytes(ByteBuffer.wrap(piece));
            } catch (RuntimeException e) {
                over = true;
                fail(gaveUp(e));
                receiver.onAborted(String.valueOf(e.getMessage()));
            }
        }
        room.release(piece.length);
    }

    private PeerErrorException gaveUp(RuntimeException e) {
        return new PeerErrorException(
                to,
                ErrorCode.REFUSED,
                "node=" + to + " gave up stream=" + streamId + ": " + e.getMessage());
    }

    @Override
    public void finish() {
        requireOpen();
        ended = true;
        link.deliver(
                () ->
                        pump.execute(
                                () -> {
                                    if (over) {
                                        return;
                                    }
                                    over = true;
                                    try {
                                        receiver.onFinished();
                                        outcome.complete(null);
                                    } catch (RuntimeException e) {
                                        fail(gaveUp(e));
                                    }
                                }));
        await();
        link.forget(onDown);
    }

    private void await() {
        try {
            outcome.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof MigException known ? known : e;
        }
    }

    @Override
    public void abort(String why) {
        if (!ended) {
            ended = true;
            link.forget(onDown);
            link.deliver(() -> pump.execute(() -> aborted(why)));
        }
    }

    @Override
    public void close() {
        abort("the sender gave up");
    }
}
