package io.mig.files.client;

import io.mig.files.sys.Errno;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Frame;
import io.mig.files.wire.FrameReader;
import io.mig.files.wire.Limits;
import io.mig.files.wire.Op;
import io.mig.files.wire.RequestHeader;
import io.mig.files.wire.Status;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The conversation with one home for one mount: numbers requests, sends them again while home is
 * away, takes up where it was when home's agent began anew. Thread-safe.
 */
final class HomeSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HomeSession.class);
    private static final long RETRY_MILLIS = 100;
    private static final long BUSY_MILLIS = 10;

    /** Bytes on their way in both directions together: bounds our memory and that of home. */
    private static final int WINDOW = 12 << 20;

    private static final int SMALL = 1024;
    private static final long PING_SECONDS = 30;

    /** By then the kernel has asked again for whatever it was not answered. */
    private static final long RECALL_SECONDS = 30;

    /** What begins a home's session anew, told to whoever keeps caches. */
    interface Listener {
        /** Home was away: words of changes may be lost. */
        void gap();

        /** Home's agent does not know us; the root as it has it now. */
        void beganAnew(FrameReader root) throws BadFrameException;

        /** Whether the kernel has a file open under this number. */
        boolean isOpen(long handle);
    }

    private final HomeLink link;
    private final Duration giveUp;
    private final Listener listener;
    private final TreeMemory memory;
    private final long id;
    private final RequestIds ids;
    private final Recalled recalled = new Recalled();
    private final Map<Long, Pending> pending = new ConcurrentHashMap<>();
    private final Map<Long, Pending> byUnique = new ConcurrentHashMap<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicInteger bytesInFlight = new AtomicInteger();
    private final Queue<Pending> unsent = new ConcurrentLinkedQueue<>();
    private final Queue<Pending> waiting = new ConcurrentLinkedQueue<>();
    private final Reopening reopening = new Reopening(this);
    private final WriteBehind behind;
    private final Set<Pending> held = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService clock =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("files-home").factory());
    private final Map<Long, Pending> interrupted = new ConcurrentHashMap<>();
    private volatile boolean away;
    private volatile long awaySince;
    private volatile boolean closed;
    // guarded by this
    private boolean greeting;
    private final List<Pending> unknown = new ArrayList<>();

    HomeSession(
            HomeLink link,
            Duration giveUp,
            Listener listener,
            long id,
            TreeMemory memory,
            @Nullable BehindLog log) {
        this.behind = new WriteBehind(this, log);
        this.id = id;
        this.memory = memory;
        this.ids = new RequestIds(memory);
        this.link = link;
        this.giveUp = giveUp;
        this.listener = listener;
    }

    void start() {
        clock.scheduleWithFixedDelay(
                this::guarded, RETRY_MILLIS, RETRY_MILLIS, TimeUnit.MILLISECONDS);
        clock.scheduleWithFixedDelay(this::ping, PING_SECONDS, PING_SECONDS, TimeUnit.SECONDS);
    }

    /** Takes up what an earlier agent had under way. */
    void restore(Remembered remembered) {
        List<Long> unanswered = new ArrayList<>(recalled.restore(remembered));
        unanswered.addAll(behind.requests());
        ids.restore(remembered.requestsBelow(), unanswered);
        clock.schedule(this::notAskedAgain, RECALL_SECONDS, TimeUnit.SECONDS);
    }

    /** The kernel had its answer after all. What home may have opened for it is let go. */
    private void notAskedAgain() {
        recalled.rest()
                .forEach(
                        (unique, begun) -> {
                            memory.ended(unique);
                            ids.end(begun.request());
                            if (begun.handle() != 0 && !listener.isOpen(begun.handle())) {
                                submit(
                                        Op.RELEASE,
                                        new Callers.Caller(0, 0),
                                        16,
                                        f -> f.u64(begun.handle()),
                                        (status, in) -> {});
                            }
                        });
    }

    /**
     * The number that a file gets which the kernel wants opened: the same as before if an earlier
     * agent was asked for the same already.
     */
    long handleFor(long unique, LongSupplier next) {
        Remembered.Begun before = recalled.find(unique);
        return before != null && before.handle() != 0 ? before.handle() : next.getAsLong();
    }

    /** Cancels nothing: home says whether it still knows us, and that we are alive. */
    private void ping() {
        submit(Op.CANCEL, new Callers.Caller(0, 0), 16, f -> f.u64(0), (status, in) -> {});
    }

    long id() {
        return id;
    }

    /** What home has not done yet though guests believe it. */
    WriteBehind behind() {
        return behind;
    }

    /** Number for a request that is part of a batch. */
    long beginRequest() {
        return ids.begin();
    }

    void endRequest(long request) {
        ids.end(request);
    }

    long answeredBelow() {
        return ids.answeredBelow();
    }

    /** Whether home does not answer now. */
    boolean away() {
        return away;
    }

    /** How long it has not answered; zero: it does. */
    Duration awayFor() {
        return away ? Duration.ofNanos(System.nanoTime() - awaySince) : Duration.ZERO;
    }

    int outstanding() {
        return pending.size();
    }

    /** A request of our own. */
    void submit(Op op, Callers.Caller caller, int size, Consumer<Frame> body, Answer answer) {
        submit(op, caller, size, body, answer, null, true, 0, 0, SMALL, 0, 0);
    }

    /**
     * @param opens number that an open file gets by it, otherwise 0
     * @param after number of what home must have done before, see {@link WriteBehind}
     */
    void submit(
            Op op,
            Callers.Caller caller,
            int size,
            Consumer<Frame> body,
            Answer answer,
            @Nullable OpenHandle handle,
            boolean harmlessTwice,
            long unique,
            int pid,
            int weight,
            long opens,
            long after) {
        Remembered.Begun before = unique == 0 ? null : recalled.take(unique);
        long request = before == null ? ids.begin() : before.request();
        boolean remembered = unique != 0 && (opens != 0 || (op.once() && !harmlessTwice));
        if (remembered && before == null) {
            memory.begun(Recalled.plain(unique), request, opens);
        }
        Frame frame = new Frame(64 + size);
        new RequestHeader(op, caller.uid(), caller.gid(), id, request, 0).putTo(frame);
        body.accept(frame);
        Pending p =
                new Pending(
                        request,
                        op,
                        frame.finish(),
                        answer,
                        handle,
                        harmlessTwice,
                        unique,
                        pid,
                        weight,
                        remembered);
        if (before != null) {
            p.sentBefore();
        }
        pending.put(request, p);
        if (unique != 0) {
            byUnique.put(unique, p);
        }
        if (handle == null || !handle.waits(() -> admitAfter(p, after))) {
            admitAfter(p, after);
        }
    }

    private void admitAfter(Pending p, long after) {
        if (after <= behind.done()) {
            admit(p);
            return;
        }
        p.waitingSince(System.nanoTime() | 1);
        held.add(p);
        if (p.handle() == null && p.op().batched()) {
            behind.ride(p, after);
        } else {
            behind.whenDone(after, () -> admitAtLast(p));
        }
    }

    /** What had to be done before is done. */
    void admitAtLast(Pending p) {
        held.remove(p);
        p.waitingSince(0);
        admit(p);
    }

    /** It goes home at the end of a batch. */
    void rides(Pending p) {
        p.sentBefore();
        enter(p);
    }

    /** Home's answer to one that was in a batch; null: nobody knows whether home has done it. */
    void rode(Pending p, @Nullable ByteBuffer reply) {
        held.remove(p);
        p.waitingSince(0);
        if (reply == null) {
            answer(p, Errno.EIO, nothing());
        } else {
            received(p, reply);
        }
    }

    /** Home has not tried it: it goes with the next batch. */
    void ridesAgain(Pending p) {
        if (p.leaves()) {
            inFlight.decrementAndGet();
            bytesInFlight.addAndGet(-p.weight());
        }
    }

    /**
     * Sends a batch.
     *
     * @param risky whether something in it must not be done twice
     */
    void submitBatch(int size, boolean risky, Consumer<Frame> body, Answer answer) {
        long request = ids.begin();
        Frame frame = new Frame(64 + size);
        new RequestHeader(Op.BATCH, 0, 0, id, request, 0).putTo(frame);
        body.accept(frame);
        Pending p =
                new Pending(
                        request, Op.BATCH, frame.finish(), answer, null, true, 0, 0, size, false);
        if (risky) {
            p.carriesRisk();
        }
        pending.put(request, p);
        admit(p);
    }

    private void admit(Pending p) {
        OpenHandle handle = p.handle();
        if (p.answered()) {
            return;
        }
        if (closed || (handle != null && handle.lost())) {
            enter(p);
            answer(p, Errno.EIO, nothing());
        } else if (p.unique() != 0 && (full() || !unsent.isEmpty())) {
            unsent.add(p);
            sendUnsent();
        } else {
            // what we ask for ourselves goes first: the kernel's requests may wait for it
            enter(p);
            send(p);
        }
    }

    private boolean full() {
        return inFlight.get() >= Limits.MAX_IN_FLIGHT / 2 || bytesInFlight.get() >= WINDOW;
    }

    private void enter(Pending p) {
        inFlight.incrementAndGet();
        bytesInFlight.addAndGet(p.weight());
        p.entered();
    }

    private void sendUnsent() {
        while (!full()) {
            Pending next = unsent.poll();
            if (next == null) {
                return;
            }
            enter(next);
            send(next);
        }
    }

    private void send(Pending p) {
        if (p.answered()) {
            return;
        }
        link.call(p.send(ids.answeredBelow()))
                .whenComplete(
                        (reply, failure) -> {
                            if (failure != null) {
                                lost(p, failure);
                            } else {
                                received(p, reply);
                            }
                        });
    }

    /** Runs something that does not block, some time later. */
    void later(long millis, Runnable task) {
        try {
            clock.schedule(task, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            task.run();
        }
    }

    private void lost(Pending p, Throwable why) {
        if (closed) {
            answer(p, Errno.EIO, nothing());
            return;
        }
        if (!away) {
            awaySince = System.nanoTime();
            away = true;
            LOG.info("home does not answer: {}", why.toString());
        }
        if (p.waitingSince() == 0) {
            p.waitingSince(System.nanoTime() | 1);
        }
        waiting.add(p);
    }

    private void received(Pending p, ByteBuffer reply) {
        try {
            FrameReader in = new FrameReader(reply);
            int status = in.u32();
            if (away) {
                away = false;
                LOG.info("home answers again");
                listener.gap();
                clock.execute(this::retry);
            }
            p.waitingSince(0);
            switch (status) {
                case Status.UNKNOWN_SESSION -> unknownSession(p);
                case Status.UNKNOWN_HANDLE -> unknownHandle(p);
                case Status.BUSY ->
                        clock.schedule(() -> send(p), BUSY_MILLIS, TimeUnit.MILLISECONDS);
                case Status.BAD_REQUEST -> {
                    LOG.error("home does not understand op={}", p.op());
                    answer(p, Errno.EIO, in);
                }
                default -> answer(p, status, in);
            }
        } catch (BadFrameException e) {
            LOG.error("home's answer is not understood: op={} {}", p.op(), e.getMessage());
            answer(p, Errno.EIO, nothing());
        } catch (RejectedExecutionException e) {
            answer(p, Errno.EIO, nothing());
        }
    }

    private void answer(Pending p, int status, FrameReader in) {
        if (!p.claim()) {
            return;
        }
        pending.remove(p.id());
        if (p.unique() != 0) {
            byUnique.remove(p.unique(), p);
            interrupted.remove(p.unique());
        }
        if (p.leaves()) {
            inFlight.decrementAndGet();
            bytesInFlight.addAndGet(-p.weight());
        }
        try {
            p.answer().on(status, in);
        } catch (BadFrameException e) {
            LOG.error("home's answer is not understood: op={} {}", p.op(), e.getMessage());
            try {
                p.answer().on(Errno.EIO, nothing());
            } catch (BadFrameException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
        // only now: home must remember the answer until the kernel has it
        if (p.remembered()) {
            memory.ended(Recalled.plain(p.unique()));
        }
        ids.end(p.id());
        sendUnsent();
    }

    // home's agent began anew

    private void unknownSession(Pending p) {
        synchronized (this) {
            unknown.add(p);
            if (greeting) {
                return;
            }
            greeting = true;
        }
        LOG.info("home's agent began anew: taking the session up");
        greet();
    }

    private void greet() {
        Frame frame = new Frame(64);
        new RequestHeader(Op.HELLO, 0, 0, id, 0, 0).putTo(frame);
        link.call(frame.finish())
                .whenComplete(
                        (reply, failure) -> {
                            if (failure != null || !greeted(reply)) {
                                if (closed) {
                                    takeUp(Errno.EIO);
                                } else {
                                    clock.schedule(
                                            this::greet, RETRY_MILLIS, TimeUnit.MILLISECONDS);
                                }
                            } else {
                                takeUp(0);
                            }
                        });
    }

    private boolean greeted(ByteBuffer reply) {
        try {
            FrameReader in = new FrameReader(reply);
            if (in.u32() != Status.OK) {
                return false;
            }
            listener.beganAnew(in);
            return true;
        } catch (BadFrameException e) {
            LOG.error("home's greeting is not understood: {}", e.getMessage());
            return false;
        }
    }

    private void takeUp(int error) {
        List<Pending> again;
        synchronized (this) {
            greeting = false;
            again = List.copyOf(unknown);
            unknown.clear();
        }
        for (Pending p : again) {
            if (error != 0) {
                answer(p, error, nothing());
            } else if (p.inDoubt()) {
                // the home that was may have done it: never twice
                LOG.warn("an operation of unknown outcome is given up: op={}", p.op());
                answer(p, p.op() == Op.BATCH ? WriteBehind.IN_DOUBT : Errno.EIO, nothing());
            } else {
                send(p);
            }
        }
    }

    private void unknownHandle(Pending p) {
        OpenHandle handle = p.handle();
        if (handle == null || handle.grant().length == 0) {
            answer(p, Errno.EBADF, nothing());
        } else {
            reopen(handle, error -> goOn(p, error));
        }
    }

    /** Home has forgotten an open file. */
    void reopen(OpenHandle handle, IntConsumer then) {
        reopening.reopen(handle, then);
    }

    /** Opens files again at once: their locks must not wait until somebody uses them. */
    void reopenAll(Collection<OpenHandle> handles) {
        handles.forEach(handle -> reopening.reopen(handle, error -> {}));
    }

    /** A file is open at home again, or lost: what waited for it goes on. */
    private void goOn(Pending p, int error) {
        if (error != 0) {
            answer(p, Errno.EIO, nothing());
        } else {
            send(p);
        }
    }

    // home is away

    /**
     * Home can be reached again: no need to wait for the next try. Words of changes may be lost
     * even if nothing was asked meanwhile.
     */
    void homeIsBack() {
        clock.execute(
                () -> {
                    listener.gap();
                    ping();
                    retry();
                });
    }

    private void guarded() {
        try {
            lookAtInterrupted();
            lookAtHeld();
            retry();
        } catch (RuntimeException e) {
            LOG.error("retry failed", e);
        }
    }

    private void retry() {
        List<Pending> again = new ArrayList<>();
        for (Pending p = waiting.poll(); p != null; p = waiting.poll()) {
            again.add(p);
        }
        again.sort(Comparator.comparingLong(Pending::id));
        long now = System.nanoTime();
        for (Pending p : again) {
            // what a guest was told is done is not given up
            boolean patient = p.op() == Op.BATCH;
            if (closed || (!patient && now - p.waitingSince() > giveUp.toNanos())) {
                answer(p, Errno.EIO, nothing());
            } else {
                send(p);
            }
        }
    }

    /**
     * Somebody who waits got a signal. A lock is no longer waited for; everything else ends early
     * only when home is away and the signal kills, as on a local disk.
     *
     * @return false when no such request is known
     */
    boolean interrupt(long unique) {
        Pending p = byUnique.get(unique);
        if (p == null) {
            return false;
        }
        if (p.op() == Op.SETLK && !away) {
            long request = p.id();
            submit(
                    Op.CANCEL,
                    new Callers.Caller(0, 0),
                    16,
                    f -> f.u64(request),
                    (status, in) -> {});
        } else {
            interrupted.put(unique, p);
        }
        return true;
    }

    private void lookAtHeld() {
        long now = System.nanoTime();
        for (Pending p : List.copyOf(held)) {
            long since = p.waitingSince();
            if (since != 0 && now - since > giveUp.toNanos() && held.remove(p)) {
                answer(p, Errno.EIO, nothing());
            }
        }
    }

    private void lookAtInterrupted() {
        if (interrupted.isEmpty()) {
            return;
        }
        for (Pending p : List.copyOf(interrupted.values())) {
            if (p.waitingSince() == 0) {
                continue;
            }
            if (p.op() == Op.SETLK || Signals.killed(p.pid())) {
                answer(p, Errno.EINTR, nothing());
            }
        }
    }

    private static FrameReader nothing() {
        try {
            return new FrameReader(ByteBuffer.allocate(0));
        } catch (BadFrameException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Stops, but home keeps everything for the next agent. */
    void leave() {
        behind.leave();
        closed = true;
        clock.shutdownNow();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        Frame frame = new Frame(64);
        new RequestHeader(Op.BYE, 0, 0, id, 0, 0).putTo(frame);
        link.call(frame.finish());
        closed = true;
        for (Pending p : List.copyOf(pending.values())) {
            answer(p, Errno.EIO, nothing());
        }
        clock.shutdownNow();
    }
}
