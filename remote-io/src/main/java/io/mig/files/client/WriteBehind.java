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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes and changed attributes that guests believe are done and home has not done yet. Home does
 * them in the order in which guests did, and whatever home is asked or told that could depend on
 * them waits: nobody outside of this host can see a guest's later deed without its earlier ones.
 * They outlive the agent, see {@link BehindLog}; with the host they are lost, and so are the guests
 * who made them, as with any machine that loses its power. Thread-safe.
 *
 * <pre>
 *   add ──> queued ── send ──> on its way ── done, or failed: the inode remembers ──> gone
 *              ^                    │
 *              └──── not tried ─────┘   (home knows the file no more, or has too much to do)
 * </pre>
 */
final class WriteBehind {
    private static final Logger LOG = LoggerFactory.getLogger(WriteBehind.class);

    /** Instead of a status: home began anew, and what was in a batch besides may be done. */
    static final int IN_DOUBT = -1;

    /** With so much the next batch leaves at once. */
    private static final int SOON_BYTES = 256 << 10;

    private static final int MOST = Limits.MAX_BATCH;

    /** Otherwise after so long: whoever writes in small pieces has written more of them by then. */
    private static final long SOON_MILLIS = 2;

    private static final long BUSY_MILLIS = 10;
    private static final int BATCH_BYTES = Limits.MAX_FRAME - 1024;
    private static final int PER_ENTRY = 8;
    private static final int MOST_RIDERS = 16;
    private static final int RIDERS_BYTES = 64 << 10;

    /** One request, as it is in the log. */
    private record Deed(
            long number,
            long request,
            Op op,
            @Nullable Node node,
            @Nullable OpenHandle handle,
            BehindLog.Entry entry,
            Answer answer) {}

    private record Waiter(long number, Runnable then) {}

    /** A request that somebody waits for and that must come after what is queued. */
    private record Rider(long number, Pending pending) {}

    private final HomeSession home;
    private final @Nullable BehindLog log;
    // guarded by this
    private final Deque<Deed> queue = new ArrayDeque<>();
    private final PriorityQueue<Waiter> waiters =
            new PriorityQueue<>((a, b) -> Long.compare(a.number(), b.number()));
    private final Deque<Rider> riders = new ArrayDeque<>();
    private long bytes;
    private boolean sending;
    private boolean timed;
    private boolean left;
    private volatile long last;
    private volatile long done;

    /**
     * @param log null: nothing can be kept, so nothing is behind
     */
    WriteBehind(HomeSession home, @Nullable BehindLog log) {
        this.home = home;
        this.log = log;
    }

    /** Takes up what an earlier agent left. Home is asked when {@link #send} is called. */
    synchronized void restore(List<BehindLog.Entry> entries, NodeTable nodes, HandleTable handles) {
        for (BehindLog.Entry entry : entries) {
            try {
                RequestHeader header = RequestHeader.from(new FrameReader(log().frame(entry)));
                Node node = nodes.find(entry.node());
                Op op = header.op();
                queue.add(
                        new Deed(
                                ++last,
                                header.id(),
                                op,
                                node,
                                handles.find(entry.handle()),
                                entry,
                                (status, in) -> {
                                    if (op == Op.RELEASE) {
                                        handles.remove(entry.handle());
                                    } else if (node != null) {
                                        node.noPages();
                                        node.contentsChange();
                                    }
                                }));
                bytes += entry.length();
                if (node != null) {
                    node.behind(last);
                }
            } catch (BadFrameException e) {
                throw new IllegalStateException("broken log of writes: " + e.getMessage(), e);
            }
        }
    }

    /** Numbers under which home is asked for what is queued. */
    synchronized Collection<Long> requests() {
        return queue.stream().map(Deed::request).toList();
    }

    private BehindLog log() {
        if (log == null) {
            throw new IllegalStateException("nothing is kept");
        }
        return log;
    }

    /** Whether home has done everything. */
    boolean isIdle() {
        return done == last;
    }

    /** Number of what was done last by a guest. */
    long last() {
        return last;
    }

    /** Everything up to this number is done at home. */
    long done() {
        return done;
    }

    /**
     * Keeps a request for home, which the guest need not wait for.
     *
     * @param body begins behind the header
     * @param data the rest of the request
     * @param answer told when home has done it, or could not
     * @return false when there is no room: nothing is kept
     */
    boolean add(
            Op op,
            Callers.Caller caller,
            @Nullable Node node,
            @Nullable OpenHandle handle,
            Frame body,
            ByteBuffer data,
            Answer answer) {
        boolean now;
        synchronized (this) {
            if (log == null || left || queue.size() >= MOST) {
                return false;
            }
            long request = home.beginRequest();
            Frame head = new Frame(body.position() + 64);
            new RequestHeader(op, caller.uid(), caller.gid(), home.id(), request, 0).putTo(head);
            head.rest(body.finish());
            BehindLog.Entry entry =
                    log.add(
                            node == null ? 0 : node.id(),
                            handle == null ? 0 : handle.number(),
                            head.finish(),
                            data);
            if (entry == null) {
                home.endRequest(request);
                return false;
            }
            long number = last + 1;
            queue.add(new Deed(number, request, op, node, handle, entry, answer));
            bytes += entry.length();
            if (node != null) {
                node.behind(number);
            }
            last = number;
            now = bytes >= SOON_BYTES || queue.size() >= MOST / 2;
            if (!now && !timed && !sending) {
                timed = true;
                home.later(SOON_MILLIS, this::send);
            }
        }
        if (now) {
            send();
        }
        return true;
    }

    /** Runs something once home has done everything up to a number; at once if it has. */
    void whenDone(long number, Runnable then) {
        synchronized (this) {
            if (done < number) {
                waiters.add(new Waiter(number, then));
                then = () -> {};
            }
        }
        then.run();
        send();
    }

    /** Sends a request home behind everything up to a number, in one batch with it. */
    void ride(Pending pending, long number) {
        boolean late;
        synchronized (this) {
            late = done >= number;
            if (!late) {
                riders.add(new Rider(number, pending));
            }
        }
        if (late) {
            home.admitAtLast(pending);
        } else {
            send();
        }
    }

    /** Has home do what is queued, unless it is at it. */
    void send() {
        List<Deed> batch = new ArrayList<>();
        List<Rider> with = new ArrayList<>();
        int size = 64;
        synchronized (this) {
            timed = false;
            if (sending || left || queue.isEmpty()) {
                return;
            }
            sending = true;
            for (Deed deed : queue) {
                int more = deed.entry().length() + PER_ENTRY;
                if (batch.size() == MOST - MOST_RIDERS
                        || (size + more > BATCH_BYTES - RIDERS_BYTES && !batch.isEmpty())) {
                    break;
                }
                size += more;
                batch.add(deed);
            }
            size += addRiders(batch.getLast().number(), BATCH_BYTES - size, with);
        }
        with.forEach(rider -> home.rides(rider.pending()));
        home.submitBatch(
                size,
                with.stream().anyMatch(rider -> rider.pending().isRisky()),
                frame -> put(batch, with, frame),
                (status, in) -> answered(batch, with, status, in));
    }

    /** Those who wait for nothing that comes later; gives how long they are. */
    private int addRiders(long upTo, int room, List<Rider> to) {
        int size = 0;
        while (!riders.isEmpty() && riders.element().number() <= upTo) {
            Rider next = riders.element();
            int more = next.pending().bytes() + PER_ENTRY;
            if (to.size() == MOST_RIDERS || size + more > room) {
                break;
            }
            riders.remove();
            // who has been told that it failed does not do it any more
            if (!next.pending().answered()) {
                size += more;
                to.add(next);
            }
        }
        return size;
    }

    /** Nobody else touches the entries of a batch until it is answered. */
    private void put(List<Deed> batch, List<Rider> with, Frame to) {
        to.u32(batch.size() + with.size());
        long answered = home.answeredBelow();
        for (Deed deed : batch) {
            ByteBuffer frame = log().frame(deed.entry());
            RequestHeader.answeredBelow(frame, answered);
            to.frame(frame);
        }
        with.forEach(rider -> to.frame(rider.pending().frame(answered)));
    }

    private void answered(List<Deed> batch, List<Rider> with, int status, FrameReader in)
            throws BadFrameException {
        synchronized (this) {
            if (left) {
                // the next agent asks again
                return;
            }
        }
        if (status != 0) {
            boolean doubt = status == IN_DOUBT;
            with.stream()
                    .filter(rider -> !doubt || rider.pending().isRisky())
                    .forEach(rider -> home.rode(rider.pending(), null));
            rideAgain(with.stream().filter(r -> doubt && !r.pending().isRisky()).toList());
            if (!doubt) {
                LOG.error("home does not take what guests have written: status={}", status);
                batch.stream().filter(this::isQueued).forEach(deed -> ended(deed, status, in));
            }
            goOn();
            return;
        }
        int count = in.count(batch.size() + with.size());
        if (count == 0) {
            throw new BadFrameException("nothing of a batch is answered");
        }
        for (int i = 0; i < Math.min(count, batch.size()); i++) {
            Deed deed = batch.get(i);
            FrameReader reply = new FrameReader(in.frame());
            int result = reply.u32();
            if (result == Status.UNKNOWN_HANDLE && deed.op() != Op.RELEASE) {
                rideAgain(with);
                forgotten(deed);
                return;
            }
            if (Status.notTried(result)) {
                rideAgain(with);
                home.later(BUSY_MILLIS, this::goOn);
                return;
            }
            // there is nothing to be released at a home that has forgotten it
            ended(deed, result == Status.UNKNOWN_HANDLE ? 0 : result, reply);
        }
        for (int i = 0; i < with.size(); i++) {
            if (batch.size() + i < count) {
                home.rode(with.get(i).pending(), in.frame());
            } else {
                rideAgain(with.subList(i, with.size()));
                break;
            }
        }
        goOn();
    }

    /** Home has not tried them. */
    private void rideAgain(List<Rider> with) {
        with.forEach(rider -> home.ridesAgain(rider.pending()));
        synchronized (this) {
            with.reversed().forEach(riders::addFirst);
        }
    }

    private synchronized boolean isQueued(Deed deed) {
        return queue.contains(deed);
    }

    /** Home's agent began anew: the file is opened again first, and everything behind it waits. */
    private void forgotten(Deed deed) {
        OpenHandle handle = deed.handle();
        if (handle == null) {
            ended(deed, Errno.EIO, null);
            goOn();
            return;
        }
        home.reopen(
                handle,
                error -> {
                    if (error != 0) {
                        ended(deed, Errno.EIO, null);
                    }
                    goOn();
                });
    }

    private void goOn() {
        boolean more;
        List<Pending> alone;
        synchronized (this) {
            sending = false;
            alone =
                    riders.stream()
                            .filter(rider -> rider.number() <= done)
                            .map(Rider::pending)
                            .toList();
            riders.removeIf(rider -> rider.number() <= done);
            more =
                    !waiters.isEmpty()
                            || !riders.isEmpty()
                            || bytes >= SOON_BYTES
                            || queue.size() >= MOST / 2;
            if (!more && !queue.isEmpty() && !timed) {
                timed = true;
                home.later(SOON_MILLIS, this::send);
            }
        }
        alone.forEach(home::admitAtLast);
        if (more) {
            send();
        }
    }

    private void ended(Deed deed, int status, @Nullable FrameReader reply) {
        if (status != 0) {
            Node node = deed.node();
            LOG.error(
                    "home could not do what a guest was told is done: op={} inode={} errno={}",
                    deed.op(),
                    node == null ? 0 : node.ino(),
                    status);
            if (node != null) {
                node.failed(status);
            }
        }
        try {
            FrameReader nothing = new FrameReader(ByteBuffer.allocate(0));
            deed.answer().on(status, reply == null ? nothing : reply);
        } catch (BadFrameException e) {
            LOG.error("home's answer is not understood: op={} {}", deed.op(), e.getMessage());
        }
        List<Runnable> ready = new ArrayList<>();
        synchronized (this) {
            queue.remove(deed);
            bytes -= deed.entry().length();
            // before the number counts as answered: what is in the log may be asked again
            log().done(deed.entry());
            home.endRequest(deed.request());
            done = deed.number();
            while (!waiters.isEmpty() && waiters.element().number() <= done) {
                ready.add(waiters.remove().then());
            }
        }
        ready.forEach(Runnable::run);
    }

    /** The agent ends; what is queued is the next one's. */
    synchronized void leave() {
        left = true;
    }
}
