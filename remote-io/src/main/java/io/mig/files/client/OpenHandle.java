package io.mig.files.client;

import io.mig.files.wire.Lock;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A file that guests have open: what it takes to open it again at a home that has begun anew.
 * Guarded by itself where not final.
 */
final class OpenHandle {
    private final long number;
    private final Node node;
    private final int flags;
    private volatile byte[] grant;
    private final Callers.Caller opener;
    private final LockSet locks = new LockSet();
    private byte @Nullable [] head;
    private long headTick;
    private long headContents;
    private long headUntilNanos;
    private ContentCache.@Nullable Kept kept;
    private long keptTick;
    private long keptContents;
    private boolean lost;
    private @Nullable List<Runnable> untilOpen;
    private @Nullable Consumer<OpenHandle> begin;

    OpenHandle(long number, Node node, int flags, byte[] grant, Callers.Caller opener) {
        this.number = number;
        this.node = node;
        this.flags = flags;
        this.grant = grant;
        this.opener = opener;
    }

    /**
     * One that home knows nothing of, until it is needed there.
     *
     * @param begin asks home to open it; must call {@link #isOpen} or {@link #isNotOpen} later
     */
    static OpenHandle lazy(
            long number, Node node, int flags, Callers.Caller opener, Consumer<OpenHandle> begin) {
        OpenHandle handle = new OpenHandle(number, node, flags, new byte[0], opener);
        handle.begin = begin;
        return handle;
    }

    /** One that home is being asked to open. */
    static OpenHandle ahead(long number, Node node, int flags, Callers.Caller opener) {
        OpenHandle handle = new OpenHandle(number, node, flags, new byte[0], opener);
        handle.untilOpen = new ArrayList<>(1);
        return handle;
    }

    long number() {
        return number;
    }

    Node node() {
        return node;
    }

    /** Home has opened it: what waited for that is done now. */
    void isOpen(byte[] got) {
        grant = got;
        goOn();
    }

    /** Home could not open it. */
    void isNotOpen() {
        lose();
        goOn();
    }

    private void goOn() {
        List<Runnable> ready;
        synchronized (this) {
            ready = untilOpen == null ? List.of() : untilOpen;
            untilOpen = null;
        }
        ready.forEach(Runnable::run);
    }

    /** Whether home has it open, as far as is known. */
    synchronized boolean isOpen() {
        return begin == null && untilOpen == null && !lost && grant.length > 0;
    }

    /** Whether home has not been asked to open it. */
    synchronized boolean isLazy() {
        return begin != null;
    }

    /** Nobody needs it any more. True when home has not been asked for it, and never will be. */
    synchronized boolean abandon() {
        boolean was = begin != null;
        begin = null;
        return was;
    }

    /**
     * Keeps something until home has opened it, and has home asked if that was not done; false when
     * it is open.
     */
    boolean waits(Runnable then) {
        Consumer<OpenHandle> ask;
        synchronized (this) {
            if (begin == null) {
                return untilOpen != null && untilOpen.add(then);
            }
            ask = begin;
            begin = null;
            untilOpen = new ArrayList<>(1);
            untilOpen.add(then);
        }
        ask.accept(this);
        return true;
    }

    int flags() {
        return flags;
    }

    byte[] grant() {
        return grant;
    }

    Callers.Caller opener() {
        return opener;
    }

    /**
     * The whole contents as they were when it was opened; for the first reads only.
     *
     * @param unwritten {@link Node#contents} before home was asked
     */
    synchronized void head(byte[] contents, long tick, long unwritten, long untilNanos) {
        head = contents;
        headContents = unwritten;
        headTick = tick;
        headUntilNanos = untilNanos;
    }

    /** The contents, if they came with the answer to open and may still be believed. */
    synchronized byte @Nullable [] head(NodeTable table, long nowNanos) {
        if (head != null
                && (nowNanos - headUntilNanos > 0
                        || headContents != node.contents()
                        || !table.undisturbed(node, headTick))) {
            head = null;
        }
        return head;
    }

    /** Its contents are here. */
    synchronized void kept(ContentCache.Kept contents, long tick, long unwritten) {
        kept = contents;
        keptContents = unwritten;
        keptTick = tick;
    }

    /** The contents that are here, if nobody has changed them since it was opened. */
    synchronized ContentCache.@Nullable Kept kept(NodeTable table) {
        if (kept != null
                && (keptContents != node.contents() || !table.undisturbed(node, keptTick))) {
            letGo();
        }
        return kept;
    }

    /** Nobody reads it any more. */
    synchronized void letGo() {
        if (kept != null) {
            kept.close();
            kept = null;
        }
    }

    /** Remembers a lock that was got or given up, to be had again at a home that began anew. */
    synchronized void locked(Lock lock) {
        locks.apply(lock);
    }

    synchronized void unlockedAll(long owner) {
        locks.dropRanges(owner);
    }

    synchronized boolean hasLocks() {
        return !locks.held().isEmpty();
    }

    synchronized List<Lock> locks() {
        return locks.held();
    }

    /** Whether {@link #locks} are not all that there are. */
    synchronized boolean hasTooManyLocks() {
        return locks.tooMany();
    }

    /** A lock could not be had back: going on would break what it protected. */
    synchronized void lose() {
        lost = true;
    }

    synchronized boolean lost() {
        return lost;
    }
}
