package io.mig.files.client;

import io.mig.files.wire.Op;
import io.mig.files.wire.RequestHeader;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A request to home that is not answered. */
final class Pending {
    private final long id;
    private final Op op;
    private final ByteBuffer frame;
    private final Answer answer;
    private final @Nullable OpenHandle handle;
    private final boolean harmlessTwice;
    private final long unique;
    private final int pid;
    private final int weight;
    private final boolean remembered;
    private final AtomicBoolean answered = new AtomicBoolean();
    private final AtomicBoolean entered = new AtomicBoolean();
    private volatile boolean carriesRisk;
    private volatile long waitingSince;
    private final AtomicInteger sent = new AtomicInteger();

    /**
     * @param handle the open file it works on
     * @param harmlessTwice whether doing it again changes nothing more
     * @param unique of the kernel's request, 0 for our own
     * @param weight how many bytes it and its answer may have
     * @param remembered written down, so that a next agent asks home under the same number
     */
    Pending(
            long id,
            Op op,
            ByteBuffer frame,
            Answer answer,
            @Nullable OpenHandle handle,
            boolean harmlessTwice,
            long unique,
            int pid,
            int weight,
            boolean remembered) {
        this.remembered = remembered;
        this.id = id;
        this.op = op;
        this.frame = frame;
        this.answer = answer;
        this.handle = handle;
        this.harmlessTwice = harmlessTwice;
        this.unique = unique;
        this.pid = pid;
        this.weight = weight;
    }

    long id() {
        return id;
    }

    Op op() {
        return op;
    }

    @Nullable OpenHandle handle() {
        return handle;
    }

    long unique() {
        return unique;
    }

    int pid() {
        return pid;
    }

    /** An earlier agent may have sent it already. */
    void sentBefore() {
        sent.incrementAndGet();
    }

    /** It counts among those on their way. */
    void entered() {
        entered.set(true);
    }

    /** It is not on its way any more. False if it was not. */
    boolean leaves() {
        return entered.getAndSet(false);
    }

    boolean remembered() {
        return remembered;
    }

    int weight() {
        return weight;
    }

    Answer answer() {
        return answer;
    }

    /** What to send now. Counted: a second copy may meet a home that did the first. */
    ByteBuffer send(long answeredBelow) {
        sent.incrementAndGet();
        RequestHeader.answeredBelow(frame, answeredBelow);
        return frame.duplicate().order(frame.order());
    }

    /** It is a batch with something that must not be done twice. */
    void carriesRisk() {
        carriesRisk = true;
    }

    /** Whether doing it twice would do harm. */
    boolean isRisky() {
        return (op.once() && !harmlessTwice) || carriesRisk;
    }

    int bytes() {
        return frame.remaining();
    }

    /** The request as part of a batch. */
    ByteBuffer frame(long answeredBelow) {
        RequestHeader.answeredBelow(frame, answeredBelow);
        return frame.duplicate().order(frame.order());
    }

    /** Whether an earlier home may have done it and this one must not do it again. */
    boolean inDoubt() {
        return sent.get() > 1 && isRisky();
    }

    /** True for the first who answers. */
    boolean claim() {
        return answered.compareAndSet(false, true);
    }

    boolean answered() {
        return answered.get();
    }

    /** Since when it waits for a home that is away; 0 when it does not. */
    long waitingSince() {
        return waitingSince;
    }

    void waitingSince(long nanos) {
        waitingSince = nanos;
    }
}
